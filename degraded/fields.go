package degraded

import "sluice/message"

// The values of Content-Type. JSON has no charset parameter (RFC 8259 section
// 11).
const (
	typeHTML = "text/html; charset=utf-8"
	typeJSON = "application/json"
)

// fieldsFor returns the fields of a body. no-store, because the answer is
// about this moment only, and a copy of it in a browser or a CDN would outlive
// the trouble. nosniff, because the JSON may be an owner's. policy is left out
// when it is empty: an owner's page may load what it likes.
func fieldsFor(contentType, policy string) message.Fields {
	fields := message.Fields{
		field("Content-Type", contentType),
		field("Cache-Control", "no-store"),
		field("X-Content-Type-Options", "nosniff"),
	}
	if policy != "" {
		fields = append(fields, field("Content-Security-Policy", policy))
	}
	return fields
}

// field returns one field line.
func field(name, value string) message.Field {
	return message.Field{Name: []byte(name), Value: []byte(value), ID: message.NameOf([]byte(name))}
}
