package admin

import (
	"encoding/json"
	"net/http"
)

// showCache shows the statistics of the cache.
func showCache(w http.ResponseWriter, stats func() any) {
	if stats == nil {
		say(w, http.StatusNotImplemented, "the cache is off")
		return
	}
	show(w, stats())
}

// purge does what a POST of {"url": "https://shop.example.com/page", "prefix":
// false} to /cache/purge asks for, and answers {"purged": 1}.
func purge(w http.ResponseWriter, r *http.Request, do func(url string, prefix bool) (int, error)) {
	if do == nil {
		say(w, http.StatusNotImplemented, "the cache is off")
		return
	}
	var asked struct {
		URL    string `json:"url"`
		Prefix bool   `json:"prefix"`
	}
	body := json.NewDecoder(r.Body) // which the guard bounds
	body.DisallowUnknownFields()
	if err := body.Decode(&asked); err != nil || asked.URL == "" {
		say(w, http.StatusBadRequest, `which URL? {"url": "https://shop.example.com/page", "prefix": false}`)
		return
	}
	purged, err := do(asked.URL, asked.Prefix)
	if err != nil {
		say(w, http.StatusConflict, err.Error())
		return
	}
	show(w, struct {
		Purged int `json:"purged"`
	}{purged})
}
