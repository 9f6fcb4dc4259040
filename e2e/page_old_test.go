package e2e

import "testing"

// youngFeatures takes away what browsers had not learned yet in the versions that
// docs/operations.md names: Chrome 90, Safari 15, Firefox 91.
const youngFeatures = `
for (const [owner, names] of [
	[Object, ['hasOwn', 'groupBy']], [Map, ['groupBy']], [Promise, ['withResolvers', 'try']], [Array, ['fromAsync']],
	[Array.prototype, ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with']],
	[String.prototype, ['at', 'isWellFormed', 'toWellFormed']],
	[Object.getPrototypeOf(Uint8Array.prototype), ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'with']],
	[Set.prototype, ['union', 'intersection', 'difference', 'symmetricDifference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom']],
	[AbortSignal, ['abort', 'any', 'timeout']], [AbortSignal.prototype, ['throwIfAborted']],
	[URL, ['canParse', 'parse']], [Crypto.prototype, ['randomUUID']],
	[Element.prototype, ['checkVisibility', 'setHTMLUnsafe']], [HTMLFormElement.prototype, ['requestSubmit']],
	[Intl, ['Segmenter', 'DurationFormat', 'supportedValuesOf']], [RegExp, ['escape']],
	[window, ['structuredClone', 'Iterator', 'requestIdleCallback', 'scheduler', 'navigation', 'CSSContainerRule']],
]) for (const name of names) delete owner?.[name];
`

// "It needs a browser of 2021 or later" (docs/operations.md): phones are not new.
func TestPageInABrowserThatIsNotYoung(t *testing.T) {
	t.Parallel()
	b := openTab(t, "en-US")
	g := newStage(t)
	b.call("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": youngFeatures})
	b.open(g.url)
	b.says(2*patience, "#title", "All is well")
	g.change(func(g *stage) { g.status = troubled() })
	b.says(patience, "#title", "1 of 2")
	b.run("document.querySelectorAll('details').forEach(d => { d.open = true })", nil)
	b.says(patience, "#failures .told", "The client got status 502.")
	b.run("document.querySelector('#language').click()", nil)
	b.says(patience, "#title", "1/2 个上游已停用")
	b.says(patience, "#events", "app 的上游 10.0.0.2:3001 停用：连接被拒绝")
	b.says(patience, "#certificates", "shop.example.com")
	var young string
	b.run("[typeof Object.hasOwn, typeof [].at, typeof window.structuredClone].join()", &young)
	if errors := b.errors(); len(errors) > 0 || young != "undefined,undefined,undefined" {
		t.Errorf("errors of the page: %q; what is young: %s", errors, young)
	}
}
