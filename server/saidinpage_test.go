package server

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/names"
)

var pageHole = regexp.MustCompile(`\{\w+\}`)

// pageTable are the English words of a table of the page by their key.
func pageTable(t *testing.T, file, table string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../admin/page/" + file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "export const "+table+" = {\n")
	body, _, closed := strings.Cut(rest, "\n};")
	if !found || !closed {
		t.Fatalf("%s has no table %s", file, table)
	}
	words := map[string]string{}
	for _, m := range pageCause.FindAllStringSubmatch(body, -1) {
		words[m[1]] = strings.ReplaceAll(m[2]+m[3], `\"`, `"`)
	}
	if len(words) == 0 {
		t.Fatalf("%s: %s is empty", file, table)
	}
	return words
}

// compareWords says which wordings the page does not know, but for those that stay in
// English, and which it knows though nobody says them, but for extra ones.
func compareWords(t *testing.T, said wordings, page map[string]string, english, extra []string) {
	t.Helper()
	known := map[string]bool{}
	for key, words := range page {
		text := pageHole.ReplaceAllString(words, hole)
		known[text] = true
		if _, there := said[text]; !there && !slices.Contains(extra, key) {
			t.Errorf("the page knows %s, which nobody says: %q", key, words)
		}
	}
	for _, text := range english {
		if _, there := said[text]; !there || known[text] {
			t.Errorf("nobody says %q, or the page knows it", text)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(said)) {
		if !known[text] && !slices.Contains(english, text) {
			t.Errorf("%s: the page has no Chinese for %q", said[text], text)
		}
	}
}

// rareDNS are files with what is said of servers that take dynamic updates, and of
// commands: those who have them read English.
var rareDNS = []string{"rfc2136.go", "updateanswer.go", "updatekey.go", "dnsexchange.go", "exec.go", "exectail.go"}

// "A user reads why there is no certificate in the language of the page": whatever is
// worded there has Chinese on the page.
func TestThePageHasChineseForWhyThereIsNoCertificate(t *testing.T) {
	said := wordings{}
	for _, folder := range []string{"certs", "certs/ca", "certs/dnsapi"} {
		without := map[string][]string{
			"certs":        {"watch.go", "selfsigned.go"}, // ends, which the page tells by itself; names that config has looked at
			"certs/dnsapi": rareDNS,
		}[folder]
		maps.Copy(said, errorsOf(source(t, folder, without...)))
	}
	page := pageTable(t, "reasons.js", "reasons")
	now := time.Now()
	early := certificateProblems(&CertificateStatus{NotBefore: now.Add(time.Hour), NotAfter: now.Add(1000 * time.Hour)}, now)
	if before, _, _ := strings.Cut(page["early"], "{"); len(early) != 1 || !strings.HasPrefix(early[0].Params["why"], before) {
		t.Errorf("the page says %q, and the problem %+v", page["early"], early)
	}
	compareWords(t, said, page, []string{
		// They are made a part of others, which the page knows.
		"{} (process {})", "not asked", "the answer cannot be read: {}", "the answer does not say the question",
		"the answer is to another question", "the answer is to something else", "write the question: {}",
		// Nobody is told.
		"the file is damaged",
		// They would be our own mistakes.
		"make a self-signed certificate to stand in for {}: {}", "the key is of type {}",
	}, []string{"add", "load", "late", "locked_by", "named_nothing", "unexplained"}) // made of parts: the page's own test has them
}

func TestThePageHasChineseForEachStepOfAnOrder(t *testing.T) {
	said := stepsOf(source(t, "certs/ca", "renewalinfo.go")) // a question: that it has no answer is no failure
	maps.Copy(said, stepsOf(source(t, "certs")))
	compareWords(t, said, pageTable(t, "reasons.js", "steps"), nil, nil)
}

func TestThePageHasChineseForWhatACARefuses(t *testing.T) {
	page := pageTable(t, "reasons.js", "refusals")
	for kind, words := range page {
		if words != kind+": {detail}" {
			t.Errorf("%s: %q", kind, words)
		}
	}
	set, files := source(t, "certs/ca")
	cases := casesOf(set, files, "remedy")
	if len(cases) < 10 {
		t.Fatalf("only %d kinds are told apart", len(cases))
	}
	for kind, at := range cases {
		if page[kind] == "" {
			t.Errorf("%s: the page has no Chinese for %s", at, kind)
		}
	}
}

// "What to do" is the most important: all of it.
func TestThePageHasChineseForWhatToDoAboutACertificate(t *testing.T) {
	said := wordings{}
	for _, folder := range []string{"certs", "certs/ca"} {
		maps.Copy(said, remediesOf(source(t, folder)))
	}
	maps.Copy(said, remediesOf(source(t, "certs/dnsapi", rareDNS...)))
	compareWords(t, said, pageTable(t, "advice.js", "advice"), []string{
		"give an endpoint that begins with https://", // there is no key for another
	}, nil)
}

// Of the mistakes in a configuration the page knows the most frequent ones, as long
// as they are said so.
func TestThePageKnowsTheWordsOfMistakes(t *testing.T) {
	said := literals(source(t, "config"))
	maps.Copy(said, literals(source(t, "server")))
	page := pageTable(t, "mistakes.js", "mistakes")
	for key, words := range pageTable(t, "mistakes.js", "corrections") {
		page["corrections."+key] = words
	}
	for key, words := range page {
		text := pageHole.ReplaceAllString(words, hole)
		if _, there := said[text]; there {
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(said)), func(s string) bool { return strings.Contains(s, ": "+text) }) {
			t.Errorf("nobody says %s: %q", key, words)
		}
	}
	set, files := source(t, "config")
	compareWords(t, constantsOf(set, files, "kind"), pageTable(t, "mistakes.js", "kinds"), nil, nil)
}

func TestThePageKnowsTheWordsOfTheSystem(t *testing.T) {
	all := map[string]syscall.Errno{"EACCES": syscall.EACCES, "EADDRINUSE": syscall.EADDRINUSE, "EADDRNOTAVAIL": syscall.EADDRNOTAVAIL,
		"ECONNREFUSED": syscall.ECONNREFUSED, "EIO": syscall.EIO, "EISDIR": syscall.EISDIR, "ENOENT": syscall.ENOENT, "ENOSPC": syscall.ENOSPC,
		"EPERM": syscall.EPERM, "EROFS": syscall.EROFS}
	for key, words := range pageTable(t, "reasons.js", "system") {
		if no, known := all[key]; !known || no.Error() != words {
			t.Errorf("%s: the page says %q, and the system %q", key, words, no)
		}
	}
}

func TestThePageKnowsTheWordsOfLookups(t *testing.T) {
	_, unknown := net.DefaultResolver.LookupIPAddr(t.Context(), "") // which asks nobody
	dns, ok := errors.AsType[*net.DNSError](unknown)
	if !ok {
		t.Fatal(unknown)
	}
	gone := names.LookupError{Gone: true, Err: errors.New(hole)}
	want := map[string]string{"gone": gone.Error(), "silent": names.ErrNoAnswer.Error(), "unknown": dns.Err,
		"late": os.ErrDeadlineExceeded.Error(), "deadline": context.DeadlineExceeded.Error()}
	for key, words := range pageTable(t, "reasons.js", "lookups") {
		if text := pageHole.ReplaceAllString(words, hole); want[key] == "" || !strings.HasSuffix(want[key], text) {
			t.Errorf("%s: the page says %q, and the error is %q", key, text, want[key])
		}
	}
}
