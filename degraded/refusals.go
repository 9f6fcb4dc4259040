package degraded

import "encoding/json"

// Refusals are the bodies for requests that Sluice itself refuses or cannot
// get answered, by status. They belong to no Site: a request may be refused
// before it is known which Site it is for. They are immutable.
type Refusals struct {
	byStatus map[int]*refused
}

// refused is one refusal, rendered.
type refused struct {
	pages [languages]*Body
	json  *Body
}

// NewRefusals renders the refusals.
func NewRefusals() *Refusals {
	all, common := refusals(), NewCommon()
	r := &Refusals{byStatus: make(map[int]*refused, len(all))}
	for _, one := range all {
		r.byStatus[one.status] = one.render(common)
	}
	return r
}

// Choose returns the body for a status and for a client with these values of
// Accept and Accept-Language, nil for a field that it did not send. It
// allocates nothing. A status without words of its own gets those of its
// class, as RFC 9110 section 15 has clients treat unknown ones: "as being
// equivalent to the x00 status code of that class".
func (r *Refusals) Choose(status int, m Mode, accept, acceptLanguage []byte) *Body {
	one := r.byStatus[status]
	switch {
	case one != nil:
	case status >= 400 && status < 500:
		one = r.byStatus[400]
	default:
		one = r.byStatus[500]
	}
	if !m.html(accept) {
		return one.json
	}
	return one.pages[languageOf(acceptLanguage)]
}

// render renders a refusal in each form and language. The JSON is for programs
// and those who write them, and is in English only.
func (r refusal) render(c *Common) *refused {
	var out refused
	for l := range languages {
		out.pages[l] = refusalPage(l, r).body(c)
	}
	text, err := json.Marshal(struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
		Hint string `json:"hint"`
		ID   string `json:"id"`
	}{r.status, r.words[english].title, r.words[english].todo, Marker})
	if err == nil {
		out.json, err = c.newBody(string(text), 0, typeJSON, "")
	}
	if err != nil {
		panic("internal error: built-in JSON: " + err.Error())
	}
	return &out
}
