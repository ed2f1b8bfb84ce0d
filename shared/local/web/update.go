package web

// update is what the page gets: the head, or what changed. All texts are ready to
// be shown.
type update struct {
	Head   *head                `json:"head,omitempty"`
	Panels map[string]panelBody `json:"panels,omitempty"` // by id
	Values map[string][]string  `json:"values,omitempty"` // that each variable can have

	Incidents *panelBody `json:"incidents,omitempty"` // that are planned
}

type head struct {
	Time    string   `json:"time"` // of the edge, UTC
	Date    string   `json:"date"`
	Mode    string   `json:"mode"`
	Range   string   `json:"range"` // from when to when
	Notice  string   `json:"notice,omitempty"`
	Loading *loading `json:"loading,omitempty"`
}

type loading struct {
	Percent int    `json:"percent"`
	Text    string `json:"text"`
}

type panelBody struct {
	HTML  string `json:"html"`
	Label string `json:"label"`
}
