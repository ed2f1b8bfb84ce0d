package dashboards

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// readYAML reads a file of the provisioning strictly into v.
func readYAML(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("provisioning", name))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestProvisionedDataSource(t *testing.T) {
	var file struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access string
			IsDefault               bool              `yaml:"isDefault"`
			Editable                bool              `yaml:"editable"`
			JSONData                map[string]any    `yaml:"jsonData"`
			SecureJSONData          map[string]string `yaml:"secureJsonData"`
		}
	}
	readYAML(t, "datasources/druid.yaml", &file)
	if file.APIVersion != 1 || len(file.Datasources) != 1 {
		t.Fatalf("%+v", file)
	}
	d := file.Datasources[0]
	if d.UID != DataSourceUID || d.Type != PluginID || d.Access != "proxy" {
		t.Errorf("%+v, want what the dashboards refer to", d)
	}
	// What the plugin reads, by its own names.
	if d.JSONData["connection.url"] != "$DRUID_URL" || d.JSONData["connection.basicAuth"] != true || d.JSONData["connection.basicAuthUser"] != "grafana" ||
		d.JSONData["connection.skipTls"] != false {
		t.Errorf("%v", d.JSONData)
	}
	if len(d.SecureJSONData) != 1 || d.SecureJSONData["connection.basicAuthPassword"] != "$DRUID_PASSWORD" {
		t.Errorf("%v, want the password from the environment and nothing else", d.SecureJSONData)
	}
}

func TestProvisionedDashboards(t *testing.T) {
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type    string
			AllowUIUpdates        bool `yaml:"allowUiUpdates"`
			UpdateIntervalSeconds int  `yaml:"updateIntervalSeconds"`
			Options               struct{ Path string }
		}
	}
	readYAML(t, "dashboards/salesburst.yaml", &file)
	if file.APIVersion != 1 || len(file.Providers) != 1 || file.Providers[0].Type != "file" {
		t.Fatalf("%+v", file)
	}
	// The README's command puts this folder there. Grafana reads every JSON file in it.
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, mount := range []string{`"$PWD/dashboards:` + file.Providers[0].Options.Path + `:ro"`, `"$PWD/dashboards/provisioning:/etc/grafana/provisioning:ro"`,
		PluginID, "DRUID_URL", "DRUID_PASSWORD"} {
		if !strings.Contains(string(readme), mount) {
			t.Errorf("the README does not say %s", mount)
		}
	}
	found, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, d := range All() {
		want = append(want, d.File())
	}
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("JSON files %v, want %v", found, want)
	}
}

func TestProvisionedAlerts(t *testing.T) {
	var file ruleFile
	readYAML(t, strings.TrimPrefix(path.Clean(AlertsFile), "provisioning/"), &file)
	if file.APIVersion != 1 || len(file.Groups) != 1 || len(file.Groups[0].Rules) != len(Alerts()) {
		t.Fatalf("%+v", file)
	}
	text, err := os.ReadFile(AlertsFile)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(text, '$') {
		t.Error("Grafana would replace what follows the $ by a variable of its environment")
	}
	uids := make(map[string]bool)
	for _, r := range file.Groups[0].Rules {
		if uids[r.UID] || len(r.UID) == 0 || len(r.UID) > 40 {
			t.Errorf("uid %q", r.UID)
		}
		uids[r.UID] = true
		if r.Data[0].DatasourceUID != DataSourceUID || r.Data[len(r.Data)-1].RefID != r.Condition || r.Data[1].Model["expression"] != r.Data[0].RefID {
			t.Errorf("%s: the condition does not lead to Druid: %+v", r.Title, r.Data)
		}
		d := slices.IndexFunc(All(), func(d Dashboard) bool { return d.UID == r.Annotations["__dashboardUid__"] })
		if d < 0 || !slices.ContainsFunc(All()[d].Panels(), func(p Panel) bool { return r.Annotations["__panelId__"] == strconv.Itoa(p.ID) }) {
			t.Errorf("%s leads to panel %s of %s, which is not there", r.Title, r.Annotations["__panelId__"], r.Annotations["__dashboardUid__"])
		}
		if r.Annotations["summary"] == "" || !slices.Contains([]string{"OK", "Alerting"}, r.NoDataState) {
			t.Errorf("%s: %+v", r.Title, r)
		}
	}
}
