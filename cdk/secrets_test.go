package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exposed are texts that would bring a secret, or that are one.
var exposed = []*regexp.Regexp{
	regexp.MustCompile(`\{\{resolve:(secretsmanager|ssm-secure)`), // CloudFormation writes out what it stands for
	regexp.MustCompile(`(?i)LoginModule|sasl\.jaas`),
	regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`),
	regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`), // a key of AWS
	regexp.MustCompile(`(?i)https?://[^\s/:@]+:[^\s/@]+@`),
}

// assigned finds what a text gives to a name that sounds secret.
var assigned = regexp.MustCompile(`(?i)\b([a-z_]*(?:password|passwd|secret|api_?key|credential|token)[a-z_]*)["']?\s*[:=]\s*["']?([^\s"',;]+)`)

// secretly are names of properties whose value may be no plain text.
var secretly = regexp.MustCompile(`(?i)password$|passwd|secretstring$|secret$|api_?key|credential|jaas`)

// names are texts that name a secret and do not hold it: ARNs, actions, types.
var names = regexp.MustCompile(`arn:aws:[^\s'",]+|secretsmanager:[A-Z]\w+|AWS::\w+::\w+`)

// harmless are values that stand for something else: for a resource, for a variable of the shell.
func harmless(value string) bool {
	return strings.HasPrefix(value, "<") || strings.HasPrefix(value, "$")
}

// secretsIn walks through a template and returns what is secret in it, with its path. A text
// that is put together from parts is looked at whole.
func secretsIn(path string, v any) (found []string) {
	switch v := v.(type) {
	case string:
		for _, e := range exposed {
			if m := e.FindString(v); m != "" {
				found = append(found, path+": "+m)
			}
		}
		for _, m := range assigned.FindAllStringSubmatch(names.ReplaceAllString(v, "<name>"), -1) {
			if !harmless(m[2]) {
				found = append(found, path+": "+m[0])
			}
		}
	case []any:
		for i, e := range v {
			found = append(found, secretsIn(fmt.Sprintf("%s/%d", path, i), e)...)
		}
	case map[string]any:
		if whole := resolved(v); whole != compact(v) {
			return secretsIn(path, whole)
		}
		for key, e := range v {
			if text, ok := e.(string); ok && secretly.MatchString(key) && !harmless(text) {
				found = append(found, path+"/"+key+": "+text)
			}
			found = append(found, secretsIn(path+"/"+key, e)...)
		}
	}
	return found
}

// No template, and no environment or user data in it, has a secret: they have names of secrets
// alone, which the functions and the instance read when they start.
func TestNothingSecret(t *testing.T) {
	for name, context := range goldens {
		tpl := synthesize(t, context)
		for _, secret := range secretsIn("", tpl.raw) {
			t.Errorf("%s: %s", name, secret)
		}
		for id, f := range tpl.of(t, "AWS::Lambda::Function") {
			variables, _ := at(f.Properties, "Environment", "Variables").(map[string]any)
			for variable, value := range variables {
				if strings.Contains(variable, "SECRET") && !strings.HasPrefix(resolved(value), "arn:") {
					t.Errorf("%s: %s has %s=%s, want an ARN", name, id, variable, resolved(value))
				}
			}
		}
	}
}

// What TestNothingSecret is there for, it finds.
func TestSecretsAreFound(t *testing.T) {
	join := func(parts ...any) any { return map[string]any{"Fn::Join": []any{"", parts}} }
	for name, c := range map[string]struct {
		where any
		want  string
	}{
		"in user data":          {map[string]any{"UserData": map[string]any{"Fn::Base64": "#!/bin/bash\nexport GATEWAY_PASSWORD='hunter22'"}}, "/UserData: GATEWAY_PASSWORD='hunter22"},
		"in parts":              {map[string]any{"UserData": map[string]any{"Fn::Base64": join("export API_", "SECRET=", "hunter22")}}, "/UserData: API_SECRET=hunter22"},
		"by reference":          {map[string]any{"Environment": join("{{resolve:secretsmanager:", map[string]any{"Ref": "GatewayPassword"}, ":SecretString}}")}, "/Environment: {{resolve:secretsmanager"},
		"in the environment":    {map[string]any{"Variables": map[string]any{"API_KEY": "ABCDEFGH"}}, "/Variables/API_KEY: ABCDEFGH"},
		"as a secret's content": {map[string]any{"SecretString": "hunter22"}, "/SecretString: hunter22"},
		"for Kafka":             {[]any{"org.apache.kafka.common.security.plain.PlainLoginModule required"}, "/0: LoginModule"},
		"of AWS":                {"AKIAIOSFODNN7EXAMPLE", ": AKIAIOSFODNN7EXAMPLE"},
		"a private key":         {"-----BEGIN EC PRIVATE KEY-----", ": -----BEGIN EC PRIVATE KEY"},
		"in an address":         {"https://grafana:hunter22@host/", ": https://grafana:hunter22@"},
		"in JSON":               {`{"password":"hunter22"}`, `: password":"hunter22`},
	} {
		t.Run(name, func(t *testing.T) {
			if found := secretsIn("", c.where); !slices.Contains(found, c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}
