package admin

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/message"
)

// namespace is what every SVG names itself by. Nobody asks for it.
const namespace = "http://www.w3.org/2000/svg"

// pageTexts returns the files of the page by name.
func pageTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	entries, err := pageFiles.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := fs.ReadFile(pageFiles, "page/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		texts[e.Name()] = string(text)
	}
	for _, name := range []string{"index.html", "page.css", "page.js", "words.js", "codes.js", "causes.js", "reasons.js", "advice.js", "mistakes.js"} {
		if texts[name] == "" {
			t.Fatalf("the page has no %s", name)
		}
	}
	return texts
}

func TestPageFilesAreServedAsTheyAre(t *testing.T) {
	r := run(t, Options{})
	kinds := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
		".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	for name, text := range pageTexts(t) {
		target := "/page/" + name
		if name == "index.html" {
			target = "/"
		}
		response, body := r.ask("GET "+target, "Host: localhost")
		if response.StatusCode != 200 || body != text {
			t.Errorf("%s: %d with %d bytes, want 200 with %d", target, response.StatusCode, len(body), len(text))
		}
		for field, want := range map[string]string{
			"Content-Type": kinds[name[strings.LastIndex(name, "."):]], "Cache-Control": "no-cache",
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		} {
			if got := response.Header.Get(field); got != want {
				t.Errorf("%s: %s: %q, want %q", target, field, got, want)
			}
		}
		tag := response.Header.Get("ETag")
		again, nothing := r.ask("GET "+target, "Host: localhost", "If-None-Match: "+tag)
		if again.StatusCode != 304 || nothing != "" || again.Header.Get("ETag") != tag {
			t.Errorf("%s with its ETag %s: %d %q", target, tag, again.StatusCode, nothing)
		}
		other, _ := r.ask("GET "+target, "Host: localhost", `If-None-Match: "other"`)
		head, none := r.ask("HEAD "+target, "Host: localhost")
		if other.StatusCode != 200 || head.StatusCode != 200 || none != "" || head.ContentLength != int64(len(text)) {
			t.Errorf("%s: %d with another ETag; HEAD: %d %q, %d bytes", target, other.StatusCode, head.StatusCode, none, head.ContentLength)
		}
	}
}

// The page runs its own scripts and nothing else, is in no frame, and sends
// nothing anywhere but to us.
func TestPagePolicy(t *testing.T) {
	r := run(t, Options{})
	for _, target := range []string{"/", "/page/page.js"} {
		response, _ := r.ask("GET "+target, "Host: localhost")
		policy := strings.Split(response.Header.Get("Content-Security-Policy"), "; ")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
			"frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !slices.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", target, policy, want)
			}
		}
	}
}

// "It needs a browser of 2021 or later" (docs/operations.md). One that is older than
// a syntax runs nothing of a script, and drops all of a rule; what functions there
// are is tried end to end.
func TestPageIsWrittenForBrowsersOf2021(t *testing.T) {
	young := map[string]*regexp.Regexp{
		".js":  regexp.MustCompile(`\(\?<[=!]|\(\?[ims]+:|/[dgimsuy]*v[dgimsuy]*[;,.)]|static \{|#\w+ in |^await |^\s*#\w+[ =;(]|import .* with \{`),
		".css": regexp.MustCompile(`:has\(|color-mix\(|okl(ab|ch)\(|light-dark\(|@(layer|container|scope|property|starting-style)|\d[sdl]v[hw]\b|^\s*&|\b(width|height) ?[<>]`),
	}
	for name, text := range pageTexts(t) {
		if rule := young[path.Ext(name)]; rule != nil {
			for n, line := range strings.Split(text, "\n") {
				if found := rule.FindString(line); found != "" {
					t.Errorf("%s:%d: %q is too young: %s", name, n+1, found, line)
				}
			}
		}
	}
	for ext, example := range map[string]string{".js": "a = /(?<=b)c/;", ".css": "p:has(b) { color: red }"} {
		if !young[ext].MatchString(example) {
			t.Errorf("%q is not found in %s", example, ext)
		}
	}
}

func TestPageHasNoOtherFiles(t *testing.T) {
	r := run(t, Options{})
	for _, target := range []string{"/page/", "/page/index.html", "/page/nothing.js", "/page/../page/page.js", "/page/%2e%2e/page.js",
		"/page//page.js", "/page/page.js/", "/index.html", "/page.js"} {
		if response, _ := r.ask("GET "+target, "Host: localhost"); response.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", target, response.StatusCode)
		}
	}
	if response, _ := r.ask("POST /", "Host: localhost", "Content-Length: 0"); response.StatusCode != 405 {
		t.Errorf("POST: %d, want 405", response.StatusCode)
	}
}

var outside = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://|["'(=]\s*//|\b(?:data|blob|javascript):[^ ,]`)

// It works without any network but the way to us.
func TestPageAsksNobodyElse(t *testing.T) {
	for name, text := range pageTexts(t) {
		if found := outside.FindString(strings.ReplaceAll(text, namespace, "")); found != "" {
			t.Errorf("%s leads elsewhere: %q", name, found)
		}
	}
}

// What strangers have sent is shown as text, never as a part of the page.
func TestPageInsertsNoMarkup(t *testing.T) {
	bad := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|srcdoc|DOMParser|createContextualFragment`)
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:[^>]*)>[^<]`)
	for name, text := range pageTexts(t) {
		if found := bad.FindString(text); strings.HasSuffix(name, ".js") && found != "" {
			t.Errorf("%s: %s", name, found)
		}
		if found := inline.FindString(text); !strings.HasSuffix(name, ".js") && found != "" {
			t.Errorf("%s has something inline, which the policy forbids: %q", name, found)
		}
	}
}

// pair is how words are written: a key, the English ones, the Chinese ones.
var pair = regexp.MustCompile(`(?m)^  (\w+): \["((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\],$`)

// wordTables returns the tables of a file, by name: the words of each key in each
// language.
func wordTables(t *testing.T, name, text string) map[string]map[string][2]string {
	t.Helper()
	tables := map[string]map[string][2]string{}
	for _, part := range strings.Split(text, "export const ")[1:] {
		table, rest, ok := strings.Cut(part, " = {\n")
		body, _, closed := strings.Cut(rest, "\n};")
		if !ok || !closed {
			t.Fatalf("%s: %q is not a table", name, table)
		}
		words := map[string][2]string{}
		for line := range strings.Lines(body + "\n") {
			line = strings.TrimRight(line, "\n")
			if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "//") {
				continue
			}
			found := pair.FindStringSubmatch(line)
			if found == nil {
				t.Errorf("%s: %s has a line that is no pair of words: %s", name, table, line)
				continue
			}
			if _, twice := words[found[1]]; twice {
				t.Errorf("%s: %s has %s twice", name, table, found[1])
			}
			words[found[1]] = [2]string{found[2], found[3]}
		}
		tables[table] = words
	}
	return tables
}

// allTables returns the tables of all files that hold words.
func allTables(t *testing.T) map[string]map[string][2]string {
	t.Helper()
	all := map[string]map[string][2]string{}
	for name, text := range pageTexts(t) {
		if slices.Contains([]string{"words.js", "codes.js", "causes.js", "reasons.js", "advice.js", "mistakes.js"}, name) {
			maps.Copy(all, wordTables(t, name, text))
		}
	}
	return all
}

// Whatever is said in English is said in Chinese, with the same values.
func TestPageSaysEverythingInBothLanguages(t *testing.T) {
	value := regexp.MustCompile(`\{\w+\}`)
	han := regexp.MustCompile(`\p{Han}`)
	alike := []string{"n_p99", "u_ms", "dot", "comma", "colon", "why_when", "reason_advice", "other_language", "switch", "p_memory_of"}
	for name, table := range allTables(t) {
		if len(table) == 0 {
			t.Errorf("%s is empty", name)
		}
		for key, words := range table {
			values := [2][]string{value.FindAllString(words[0], -1), value.FindAllString(words[1], -1)}
			slices.Sort(values[0])
			slices.Sort(values[1])
			if words[0] == "" || words[1] == "" || !slices.Equal(values[0], values[1]) {
				t.Errorf("%s.%s: %q and %q", name, key, words[0], words[1])
			}
			if name == "words" && slices.Contains(alike, key) {
				continue
			}
			if han.MatchString(words[0]) || !han.MatchString(words[1]) {
				t.Errorf("%s.%s: %q is not English or %q not Chinese", name, key, words[0], words[1])
			}
		}
	}
}

func TestPageHasWordsForEveryCode(t *testing.T) {
	tables := allTables(t)
	want := map[string][]string{
		"problems": strings.Fields(`pool_empty upstreams_out shedding errors certificate_missing certificate_expiring
			certificate_expired certificate_unfit certificate_failing access_log_failing access_log_renamed names_failing reload_refused restart_needed
			unstored clients_limited draining memory`),
		"events": strings.Fields(`reload reload_refused upstream_out upstream_back pool_fails_open pool_recovered
			shedding_began shedding_ended certificate_loaded certificate_failed certificate_expiring certificate_expired certificate_unfit
			certificates_unstored certificates_stored maintenance_on maintenance_off access_log_failing access_log_renamed
			access_log_recovered names_failing names_recovered upstreams_moved serving draining upgraded
			upgrade_refused panic memory_pressure purged upstream_set limited`),
	}
	want["problems"] = append(want["problems"], "pool_drained", // pool_empty, for that reason
		"certificate_file_expired", "certificate_file_expiring") // of one that comes from files
	want["remedies"] = want["problems"]
	for c := message.CauseDNSTimeout; c <= message.CauseInternal; c++ {
		want["causes"] = append(want["causes"], c.String())
	}
	want["causes"] = append(want["causes"], "check_failed", "answer_failed", "answer_silent") // which are none by themselves
	for p := message.PhaseAccept; p <= message.PhaseBody; p++ {
		want["phases"] = append(want["phases"], p.String())
	}
	for table, codes := range want {
		got := slices.DeleteFunc(slices.Sorted(maps.Keys(tables[table])), func(code string) bool {
			began, isEnd := strings.CutSuffix(code, "_over") // the end of what has a code
			return isEnd && slices.Contains(codes, began)
		})
		slices.Sort(codes)
		if codes = slices.Compact(codes); !slices.Equal(got, codes) {
			t.Errorf("%s:\n got %q\nwant %q", table, got, codes)
		}
	}
	for cause := range tables["cures"] {
		if _, known := tables["causes"][cause]; !known {
			t.Errorf("there is no cause %s to cure", cause)
		}
	}
}

// No word is missing where it is used, and none is there that nobody uses.
func TestPageUsesItsWords(t *testing.T) {
	words := allTables(t)["words"]
	texts := pageTexts(t)
	used := map[string]bool{}
	spoken := regexp.MustCompile(`data-word="(\w+)"[^>]*>([^<]*)<`)
	for _, found := range spoken.FindAllStringSubmatch(texts["index.html"], -1) {
		used[found[1]] = true
		if said, want := found[2], words[found[1]][0]; said != want {
			t.Errorf("index.html says %q for %s, want %q", said, found[1], want)
		}
	}
	asked := regexp.MustCompile(`\bword\('(\w+)'`)
	quoted := regexp.MustCompile(`'(\w+)'`)
	for name, text := range texts {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		for _, found := range asked.FindAllStringSubmatch(text, -1) {
			if _, known := words[found[1]]; !known && found[1] != "state_" {
				t.Errorf("%s asks for the word %s, which there is not", name, found[1])
			}
		}
		for _, found := range quoted.FindAllStringSubmatch(text, -1) {
			used[found[1]] = true
		}
	}
	for key := range words {
		if !used[key] && !strings.HasPrefix(key, "state_") {
			t.Errorf("nobody says %s", key)
		}
	}
}
