package admin

import (
	"context"
	"net/http"
)

// reload does what a POST to /reload asks for. It answers by JSON: with what has
// changed, or with {"error": "..."} and 409 when nothing has.
func reload(w http.ResponseWriter, r *http.Request, do func(context.Context) (any, error)) {
	done, err := do(r.Context())
	if err != nil {
		showAs(w, http.StatusConflict, struct {
			Error string `json:"error"`
		}{err.Error()})
		return
	}
	show(w, done)
}
