package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// The page shows Chinese in paths as Chinese, by the rule that the commands have:
// the table is theirs, too.
func TestPageShowsChinesePathsAsChinese(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/readable.json")
	if err != nil {
		t.Fatal(err)
	}
	var table []struct{ What, Text, Want string }
	if err := json.Unmarshal(text, &table); err != nil || len(table) < 50 {
		t.Fatalf("%d cases, %v", len(table), err)
	}
	b := openTab(t, "en-US")
	g := newStage(t)
	const path = "/%E5%95%86%E5%93%81/a%2Fb%E2%80%AE"
	g.change(func(g *stage) {
		g.status = troubled()
		f := &g.status.Failures[0]
		f.Path, f.Sentences = path, []string{"203.0.113.9 asked for GET shop.example.com" + path + "."}
		f.Remedy = "sluice purge https://shop.example.com" + path
		g.status.Problems[0].Text, g.status.Events[0].Text = "The Pool shop"+path+" is empty.", "The Pool shop"+path+" fails open."
	})
	b.open(g.url)
	const shown = "/商品/a%2Fb%E2%80%AE"
	b.says(2*patience, "#title", "The Pool shop"+shown+" is")
	b.says(patience, "#failures .url", "GET shop.example.com"+shown)
	b.says(patience, "#events", "The Pool shop"+shown+" fails")
	b.run("document.querySelector('#failures details').open = true", nil)
	b.says(patience, "#failures .told li", "asked for GET shop.example.com"+shown)
	b.says(patience, "#failures .told .do", "purge https://shop.example.com"+path) // which one copies
	b.run("document.querySelector('#language').click()", nil)
	b.run("document.querySelector('#failures details').open = true", nil)
	b.says(patience, "#failures .told li", "请求了 GET shop.example.com"+shown)

	var got []string
	b.run(fmt.Sprintf("import('/page/readable.js').then(({ readable }) => %s.map(c => readable(c.text)))", text), &got)
	if len(got) != len(table) {
		t.Fatalf("%d answers", len(got))
	}
	for i, tt := range table {
		if got[i] != tt.Want {
			t.Errorf("%s: readable(%q) = %q on the page, want %q", tt.What, tt.Text, got[i], tt.Want)
		}
	}
}
