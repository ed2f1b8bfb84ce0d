package local

import (
	"errors"

	"salesburst/shared/app"
	"salesburst/shared/contract"
)

// functionSettings are what the functions' environment says, here as in the cloud.
func functionSettings(o options, getenv func(string) string) (map[string]app.Settings, error) {
	all := make(map[string]app.Settings)
	for _, f := range contract.Functions() {
		settings, err := app.FromEnv(f, func(name string) string {
			switch name {
			case contract.EnvTopic:
				return o.topic
			case contract.EnvSecretARN:
				return "none" // the credentials are given
			case contract.EnvTruth:
				if !o.truthTopic {
					return "false"
				}
			}
			return getenv(name)
		})
		var invalid *app.InvalidSetting
		switch {
		case errors.As(err, &invalid) && invalid.Variable == contract.EnvTopic:
			return nil, wrong("topic", invalid.Value, invalid.Allowed)
		case errors.As(err, &invalid):
			return nil, invalid // one of them is enough for a person to begin with
		case err != nil:
			return nil, err
		}
		all[f.Name] = settings
	}
	return all, nil
}
