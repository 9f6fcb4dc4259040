package main

import (
	"fmt"
	"time"
)

// attack is one abuse of HTTP/2, as what is written on each of its connections.
type attack struct {
	name    string
	window  uint32          // that the attacker's streams begin with
	open    func(f *frames) // frames that come first; nil: none
	flood   func(f *frames) // frames that come again and again; nil: silence
	silence time.Duration   // after which a silent connection is left; 0: it is kept
	answers int             // after which a connection is left; 0: it is kept
	deaf    bool            // answers are not read while there is room for them
	control bool            // no abuse: something to compare the others with
}

// attackStreams is how many streams an attack opens that keeps them: what a
// server allows at least if it follows RFC 9113 section 6.5.2.
const attackStreams = 100

// abandoned is how long streams are open before they are left: long enough for
// the proxy to ask the origin for each.
const abandoned = 100 * time.Millisecond

// attacks are all abuses, in the order of the report.
func attacks() []attack {
	return []attack{
		{name: "nothing (control)", control: true},
		{name: "connect, ask, leave (control)", control: true, window: firstWindow, open: askOnce, answers: 1},
		{name: "rapid reset", window: firstWindow, flood: rapidReset()},
		{name: "MadeYouReset, WINDOW_UPDATE of 0", window: firstWindow, flood: madeYouResetByWindow()},
		{name: "MadeYouReset, DATA after the end", window: firstWindow, flood: madeYouResetByData()},
		{name: "CONTINUATION with data", window: firstWindow, open: openSection, flood: continuation(fillingField())},
		{name: "CONTINUATION, empty", window: firstWindow, open: openSection, flood: continuation(nil)},
		{name: "HPACK bomb, 4,000 references", window: firstWindow, open: insertLongField, flood: reference(4000)},
		{name: "HPACK bomb, 7 references", window: firstWindow, open: insertLongField, flood: reference(7)},
		{name: "SETTINGS", window: firstWindow, flood: func(f *frames) { f.add(frameSettings, 0, 0, nil) }},
		{name: "PING", window: firstWindow, flood: ping},
		{name: "PING, answers not read", window: firstWindow, flood: ping, deaf: true},
		{name: "PRIORITY", window: firstWindow, flood: priorities},
		{name: "empty DATA", window: firstWindow, open: beginUpload, flood: func(f *frames) { f.add(frameData, 0, f.last, nil) }},
		{name: "WINDOW_UPDATE of 1", window: firstWindow, flood: func(f *frames) { f.windowUpdate(0, 1) }},
		{name: "windows of zero", open: beginDownloads(mediumPath)},
		{name: "windows of one byte", open: beginDownloads(largePath), flood: oneByteEach},
		{name: "streams abandoned", window: firstWindow, open: beginUploads, silence: abandoned},
	}
}

// findAttack returns the attack of a name.
func findAttack(name string) (attack, error) {
	for _, a := range attacks() {
		if a.name == name {
			return a, nil
		}
	}
	return attack{}, fmt.Errorf("no attack %q", name)
}
