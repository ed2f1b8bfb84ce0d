package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"salesburst/shared/contract"
)

var (
	errNoObject = errors.New("the secret is not one JSON object")
	allFields   = []string{contract.SecretServers, contract.SecretKey, contract.SecretKeySecret}
)

// parseFields reads the object. It never passes an error of encoding/json on, which
// would quote what it stumbled over.
func parseFields(text string) (map[string]string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNoObject
	}
	fields := make(map[string]string)
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNoObject
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, errNoObject
		}
		if !slices.Contains(allFields, name) {
			return nil, fmt.Errorf("%s is unknown", showName(name))
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("%s stands there twice", name)
		}
		switch s, isText := value.(string); {
		case !isText:
			return nil, fmt.Errorf("%s is not a text in quotes", name)
		case s == "":
			return nil, fmt.Errorf("%s is empty", name)
		case s != strings.TrimSpace(s):
			return nil, fmt.Errorf("%s begins or ends with white space", name)
		default:
			fields[name] = s
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, errNoObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	for _, name := range allFields {
		if _, ok := fields[name]; !ok {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	return fields, nil
}

// showName quotes an unknown field's name unless it may be a key or a secret that
// was typed into the wrong box of the console.
func showName(name string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-. "
	if len(name) > 24 || strings.Trim(name, letters) != "" || name == strings.ToUpper(name) {
		return "a field that is none of " + strings.Join(allFields, ", ")
	}
	return "the field " + name
}
