package server

import (
	"strings"
	"testing"
	"time"
)

// A change is read once, when it stands still.
func TestWhenAChangedFileIsRead(t *testing.T) {
	at := func(n int) fileStamp { return fileStamp{modified: time.Unix(int64(n), 0), size: int64(n)} }
	gone := fileStamp{}
	for _, tt := range []struct {
		name  string
		looks []fileStamp
		due   []bool
	}{
		{"nothing changes", []fileStamp{at(1), at(1)}, []bool{false, false}},
		{"it changes", []fileStamp{at(2), at(2), at(2)}, []bool{false, true, false}},
		{"it is being written", []fileStamp{at(2), at(3), at(4), at(4)}, []bool{false, false, false, true}},
		{"an editor moves it away and back", []fileStamp{gone, gone, at(2), at(2)}, []bool{false, false, false, true}},
		{"it comes back as it was", []fileStamp{gone, gone, at(1), at(1)}, []bool{false, false, false, false}},
		{"it changes again", []fileStamp{at(2), at(2), at(3), at(3)}, []bool{false, true, false, true}},
	} {
		w := configWatch{read: at(1), last: at(1)}
		for i, look := range tt.looks {
			if got := w.due(look); got != tt.due[i] {
				t.Errorf("%s: look %d: due %v, want %v", tt.name, i, got, tt.due[i])
			}
		}
	}
}

// "optional watch of the file": what is right is put in force, what is wrong
// changes nothing and is told.
func TestTheFileIsWatched(t *testing.T) {
	const site = "[[site]]\nhosts = [\"%\"]\ntls = \"off\"\nupstream = \"127.0.0.1:1\"\n"
	r := byFile(t, "watch_config = true", strings.ReplaceAll(site, "%", "one.test"))
	r.write("watch_config = true", strings.ReplaceAll(site, "%", "two.test"))
	until(t, "the change is in force", func() bool { return r.inForce.Load().cfg.Sites[0].Hosts[0] == "two.test" })
	r.write("watch_config = true\nno_such_key = 1", strings.ReplaceAll(site, "%", "three.test"))
	until(t, "the mistake is told", func() bool { return r.diary.has("no_such_key") })
	if got := r.inForce.Load().cfg.Sites[0].Hosts[0]; got != "two.test" {
		t.Errorf("in force: %s", got)
	}
	r.write("", strings.ReplaceAll(site, "%", "four.test"))
	until(t, "the change is in force", func() bool { return r.inForce.Load().cfg.Sites[0].Hosts[0] == "four.test" })
}
