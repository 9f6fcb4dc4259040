package server

import (
	"maps"
	"os"
	"regexp"
	"testing"
)

// pageCause is a line of the page's words: a cause in English, and in Chinese.
var pageCause = regexp.MustCompile(`(?m)^  (\w+): \[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"),`)

// The page knows the cause of an Upstream that is out again by our English words,
// to tell it in Chinese.
func TestThePageKnowsTheWordsOfEachCause(t *testing.T) {
	text, err := os.ReadFile("../admin/page/causes.js")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]string{}
	for _, m := range pageCause.FindAllStringSubmatch(string(text), -1) {
		if _, twice := there[m[1]]; !twice { // the remedies come after the causes
			there[m[1]] = m[2] + m[3]
		}
	}
	all := maps.Clone(causeWords)
	all["check_failed"], all["answer_failed"], all["answer_silent"] = wordsCheck, wordsStatus, wordsSilent
	for cause, words := range all {
		if got := there[cause]; got != words {
			t.Errorf("%s: the page says %q, and Sluice %q", cause, got, words)
		}
	}
}
