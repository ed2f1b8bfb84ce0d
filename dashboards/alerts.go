package dashboards

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"salesburst/shared/contract"
)

// Alert is a rule of Grafana's: it fires when the number that its SQL answers passes Limit
// for the time For.
type Alert struct {
	UID, Title, Summary string
	SQL                 string // one row, or one for each name; one number. Nobody has chosen anything for it
	Operator            string // gt or lt
	Limit               float64
	For                 time.Duration
	NoData              string // what no row means: OK or Alerting
	Panel               int    // ID, where the reader goes on
}

// dashboardOf is the UID of the dashboard that has a panel.
func dashboardOf(id int) string {
	for _, d := range All() {
		if slices.ContainsFunc(d.Panels(), func(p Panel) bool { return p.ID == id }) {
			return d.UID
		}
	}
	return ""
}

// AlertsFile is where the rules are, below this folder.
const AlertsFile = "provisioning/alerting/rules.yaml"

// Alerts returns the rules. They look back from now in Druid's own time.
func Alerts() []Alert {
	since := func(minutes int) string {
		return fmt.Sprintf(`__time >= CURRENT_TIMESTAMP - INTERVAL '%d' MINUTE`, minutes)
	}
	// A burst that the begin of that time cuts is left out: incidents number what they add behind all
	// others, so that of such a burst a part of the ids is there, with a gap.
	byID := func(figure string) string {
		return `SELECT ` + figure + ` AS sales
FROM (
  SELECT SUM(copies) - COUNT(*) AS duplicated, MAX(sequence) - MIN(sequence) + 1 - COUNT(*) AS missing
  FROM (
    SELECT transaction_id, CAST(SUBSTRING(transaction_id, 14) AS BIGINT) AS sequence, COUNT(*) AS copies,
      MIN(__time) AS first_time
    FROM ` + table + `
    WHERE ` + since(15) + `
    GROUP BY 1, 2
  )
  GROUP BY SUBSTRING(transaction_id, 1, 12)
  HAVING MIN(first_time) >= CURRENT_TIMESTAMP - INTERVAL '14' MINUTE
)
HAVING COUNT(*) > 0`
	}
	return []Alert{
		{
			UID: "salesburst-no-data", Title: "No sales arrive", Operator: "lt", Limit: 1,
			For: time.Minute, NoData: "Alerting", Panel: 101,
			Summary: "No sale of the last five minutes is in Druid. Look at the functions' alarms, then at the" +
				" supervisor of the topic.",
			SQL: `SELECT COUNT(*) AS events FROM ` + table + ` WHERE ` + since(5),
		},
		{
			UID: "salesburst-failures", Title: "More payments fail than usual", Operator: "gt", Limit: 1.5,
			For: 2 * time.Minute, NoData: "OK", Panel: 121,
			Summary: "In the last ten minutes the part of failed attempts was more than one and a half times the" +
				" upper end of its usual range. Failure rate by payment method shows which method.",
			SQL: `SELECT
  order_type,
  ROUND(100.0 * COUNT(*) FILTER (WHERE status <> 'COMPLETED') / COUNT(*) / MAX(` + usual + `), 3) AS of_usual
FROM ` + table + `
WHERE ` + since(10) + `
GROUP BY 1
HAVING COUNT(*) >= 200`,
		},
		{
			UID: "salesburst-duplicated", Title: "Sales are duplicated", Operator: "gt", Limit: 0, For: 0,
			NoData: "OK", Panel: 112,
			Summary: "A transaction_id of the last 15 minutes is in Druid more than once. Is DELIVERY" +
				" exactly-once, and does Druid read read_committed?",
			SQL: byID(`SUM(duplicated)`),
		},
		{
			UID: "salesburst-missing", Title: "Sales are missing", Operator: "gt", Limit: 0,
			For: 5 * time.Minute, NoData: "OK", Panel: 113,
			Summary: "A burst of the last 15 minutes has a gap in its transaction ids. The supervisor's parse" +
				" errors and the functions' reports tell more.",
			SQL: byID(`SUM(missing)`),
		},
	}
}

// The shape of Grafana's file of rules.
type (
	ruleFile struct {
		APIVersion int         `yaml:"apiVersion"`
		Groups     []ruleGroup `yaml:"groups"`
	}
	ruleGroup struct {
		OrgID    int    `yaml:"orgId"`
		Name     string `yaml:"name"`
		Folder   string `yaml:"folder"`
		Interval string `yaml:"interval"`
		Rules    []rule `yaml:"rules"`
	}
	rule struct {
		UID          string            `yaml:"uid"`
		Title        string            `yaml:"title"`
		Condition    string            `yaml:"condition"`
		Data         []ruleQuery       `yaml:"data"`
		NoDataState  string            `yaml:"noDataState"`
		ExecErrState string            `yaml:"execErrState"`
		For          string            `yaml:"for"`
		Annotations  map[string]string `yaml:"annotations"`
		Labels       map[string]string `yaml:"labels"`
		IsPaused     bool              `yaml:"isPaused"`
	}
	ruleQuery struct {
		RefID             string         `yaml:"refId"`
		RelativeTimeRange ruleRange      `yaml:"relativeTimeRange"`
		DatasourceUID     string         `yaml:"datasourceUid"`
		Model             map[string]any `yaml:"model"`
	}
	ruleRange struct {
		From int `yaml:"from"` // seconds before now
		To   int `yaml:"to"`
	}
)

func (a Alert) rule() rule {
	return rule{
		UID: a.UID, Title: a.Title, Condition: "fires",
		Data: []ruleQuery{
			{
				RefID: "number", RelativeTimeRange: ruleRange{From: 900}, DatasourceUID: DataSourceUID,
				Model: map[string]any{
					"refId": "number",
					"builder": map[string]any{
						"queryType": "sql", "query": a.SQL,
						"dataSource": map[string]any{"type": "table", "name": contract.DefaultTopic},
					},
					"settings": map[string]any{"format": string(Long)},
				},
			},
			{RefID: "fires", DatasourceUID: "__expr__", Model: map[string]any{
				"refId": "fires", "type": "threshold", "expression": "number",
				"conditions": []any{map[string]any{
					"evaluator": map[string]any{"type": a.Operator, "params": []float64{a.Limit}},
				}},
			}},
		},
		NoDataState: a.NoData, ExecErrState: "Error", For: fmt.Sprintf("%ds", int(a.For.Seconds())),
		Annotations: map[string]string{
			"summary": a.Summary, "__dashboardUid__": dashboardOf(a.Panel), "__panelId__": fmt.Sprint(a.Panel),
		},
		Labels: map[string]string{"project": "salesburst"},
	}
}

var topicName = regexp.MustCompile(contract.TopicPattern)

// Files are all that is generated for a topic, by their paths below this folder.
func Files(topic string) (map[string][]byte, error) {
	if !topicName.MatchString(topic) {
		return nil, fmt.Errorf("topic %q: want a text like %s", topic, topicName)
	}
	files := make(map[string][]byte)
	for _, d := range All() {
		text, err := d.JSON()
		if err != nil {
			return nil, err
		}
		files[d.File()] = text
	}
	group := ruleGroup{OrgID: 1, Name: "salesburst", Folder: "salesburst", Interval: "1m"}
	for _, a := range Alerts() {
		group.Rules = append(group.Rules, a.rule())
	}
	text := bytes.NewBufferString("# Written by go generate ./dashboards from alerts.go.\n")
	encoder := yaml.NewEncoder(text)
	encoder.SetIndent(2)
	if err := encoder.Encode(ruleFile{APIVersion: 1, Groups: []ruleGroup{group}}); err != nil {
		return nil, fmt.Errorf("writing %s: %w", AlertsFile, err)
	}
	files[path.Clean(AlertsFile)] = text.Bytes()
	for name, text := range files {
		files[name] = bytes.ReplaceAll(text, []byte(contract.DefaultTopic), []byte(topic))
	}
	return files, nil
}
