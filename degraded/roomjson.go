package degraded

import "strings"

// roomJSON returns the template of a state's JSON. Besides the numbers it has
// the words: the page's script shows them as they are, so that they are put
// together in one place only, and so may an app.
func roomJSON(state RoomState, w roomWords) string {
	head := `{"state":"` + state.name() + `",`
	words := func(text string) string { return `"title":"` + w.titles[state] + `","text":"` + text + `"` }
	switch state {
	case RoomWaiting:
		return head + `"place":{{place}},"estimate_seconds":{{estimate}},"poll_after_seconds":{{after}},` +
			words("{{people}}") + `,"hint":"{{wait}}"}`
	case RoomNotStarted:
		return head + `"opens":"{{opens}}","opens_in_seconds":{{left}},"poll_after_seconds":{{after}},` +
			words(strings.Replace(w.opens, "0", "{{opening}}", 1)) + `}`
	}
	return head + words(w.texts[state]) + `}`
}
