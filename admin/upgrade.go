package admin

import (
	"context"
	"net/http"
	"time"
)

// upgradeTimeout is how long an upgrade may take to be answered.
const upgradeTimeout = 40 * time.Second

// upgrade does what a POST to /upgrade asks for. It answers by JSON as reload
// does: with what serves now, or with {"error": "..."} and 409.
func upgrade(w http.ResponseWriter, r *http.Request, do func(context.Context) (any, error)) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(upgradeTimeout)) // of a server that has it shorter
	reload(w, r, do)
}
