package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"salesburst/shared/app"
	"salesburst/shared/local/emulator"
)

// maxPayload is the size of a trigger, in bytes: what Lambda takes asynchronously.
const maxPayload = 256 << 10

// invoke answers as Lambda does: with the function's report, or with its error.
func invoke(functions []*emulator.Function) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var f *emulator.Function
		var names []string
		for _, candidate := range functions {
			names = append(names, candidate.Name)
			if candidate.Name == r.PathValue("function") {
				f = candidate
			}
		}
		if f == nil {
			writeError(w, http.StatusNotFound, "ResourceNotFoundException",
				"there is no such function; there are "+strings.Join(names, " and "))
			return
		}
		payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			writeError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException",
				fmt.Sprintf("a payload has %d bytes at most", maxPayload))
			return
		case err != nil:
			return // the client is gone
		}
		answer, err := f.Invoke(r.Context(), payload)
		if err != nil {
			name, status := errorKind(err)
			writeError(w, status, name, err.Error())
			return
		}
		writeJSON(w, http.StatusOK, answer)
	}
}

// errorKind gives an error the name that Lambda gives it, and a status: 400 where the
// trigger is to blame.
func errorKind(err error) (name string, status int) {
	status = http.StatusBadGateway
	var invalid *app.InvalidTrigger
	if errors.As(err, &invalid) {
		err, status = invalid, http.StatusBadRequest
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name(), status
}

func writeError(w http.ResponseWriter, status int, kind, message string) {
	body, err := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s\n", body)
}
