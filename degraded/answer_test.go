package degraded

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/message"
)

// What clients send.
const (
	browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	program = "*/*"
	zh      = "zh-CN,zh;q=0.9,en;q=0.8"
)

// text returns a body as a client gets it.
func text(t testing.TB, b *Body, id string) string {
	t.Helper()
	pieces, length := b.Pieces(new(Scratch), []byte(id))
	whole := string(bytes.Join(pieces[:], nil))
	if int64(len(whole)) != length {
		t.Fatalf("length %d of a body of %d bytes", length, len(whole))
	}
	return whole
}

func build(t *testing.T, o Options) *Answer {
	t.Helper()
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestModeDecidesBeforeTheClient(t *testing.T) {
	for _, tt := range []struct {
		mode   Mode
		accept string
		want   string
	}{
		{Auto, browser, typeHTML}, {Auto, program, typeJSON}, {Auto, "", typeJSON},
		{HTML, program, typeHTML}, {HTML, "application/json", typeHTML},
		{JSON, browser, typeJSON},
	} {
		a := build(t, Options{Mode: tt.mode})
		if got := string(a.Choose(Busy, []byte(tt.accept), nil).ContentType()); got != tt.want {
			t.Errorf("mode %d, %q: %s, want %s", tt.mode, tt.accept, got, tt.want)
		}
	}
}

func TestDefaultJSON(t *testing.T) {
	a := build(t, Options{})
	if got, want := text(t, a.Choose(Busy, nil, nil), "abc"), `{"code":503,"msg":"busy"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestOwnersBodiesAreServedAsTheyAre(t *testing.T) {
	a := build(t, Options{HTML: []byte("<h1>回来</h1>\n"), JSON: []byte("[1]\n")})
	for _, lang := range []string{"", zh} {
		page := a.Choose(Busy, []byte(browser), []byte(lang))
		if got, want := text(t, page, "abc"), "<h1>回来</h1>\n"; got != want {
			t.Errorf("page %q, want %q", got, want)
		}
		// An owner's page may load its own style sheet.
		if hasField(page, "Content-Security-Policy") {
			t.Error("an owner's page has our Content-Security-Policy")
		}
	}
	if got, want := text(t, a.Choose(Busy, nil, nil), "abc"), "[1]\n"; got != want {
		t.Errorf("JSON %q, want %q", got, want)
	}
}

func TestOwnersBodiesShowTheRequestID(t *testing.T) {
	a := build(t, Options{HTML: []byte("<p>{{request_id}}</p>"), JSON: []byte(`{"id":"{{request_id}}"}`)})
	if got, want := text(t, a.Choose(Busy, []byte(browser), nil), "a-1"), "<p>a-1</p>"; got != want {
		t.Errorf("page %q, want %q", got, want)
	}
	if got, want := text(t, a.Choose(Busy, nil, nil), "a-1"), `{"id":"a-1"}`; got != want {
		t.Errorf("JSON %q, want %q", got, want)
	}
}

func TestAnIDThatCouldBeMarkupIsLeftOut(t *testing.T) {
	a := build(t, Options{HTML: []byte("<p>{{request_id}}</p>")})
	for _, id := range []string{"<script>", `a"b`, "a'b", "a&b", "a b", "a\nb", "é", "a/b"} {
		if got, want := text(t, a.Choose(Busy, []byte(browser), nil), id), "<p></p>"; got != want {
			t.Errorf("id %q: %q, want %q", id, got, want)
		}
	}
}

func TestNewSaysEverythingThatIsWrong(t *testing.T) {
	_, err := New(Options{
		HTML:       []byte("{{request_id}} {{request_id}}"),
		JSON:       []byte("{"),
		RetryAfter: -time.Second,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"html: ", "json: ", "retry_after "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %q", err, want)
		}
	}
	for _, o := range []Options{
		{JSON: []byte("{\"a\":\"\xff\"}")},
		{JSON: []byte(`{"id":{{request_id}}}`)},
		{RetryAfter: 25 * time.Hour},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%q, %v: no error", o.JSON, o.RetryAfter)
		}
	}
}

func TestRetryAfterIsSpreadOverHalfAsMuchAgain(t *testing.T) {
	for _, tt := range []struct {
		after       time.Duration
		first, last int
	}{
		{0, 5, 8}, {time.Millisecond, 1, 2}, {time.Second, 1, 2}, {1500 * time.Millisecond, 2, 3},
		{10 * time.Second, 10, 15}, {time.Hour, 3600, 5400}, {24 * time.Hour, 86400, 129600},
	} {
		a := build(t, Options{RetryAfter: tt.after})
		lowest, highest := tt.last, tt.first
		for random := range uint64(1000) {
			got, err := strconv.Atoi(string(a.RetryAfter(random)))
			if err != nil || got < tt.first || got > tt.last {
				t.Fatalf("%v: Retry-After %q, want %d to %d", tt.after, a.RetryAfter(random), tt.first, tt.last)
			}
			lowest, highest = min(lowest, got), max(highest, got)
		}
		if lowest != tt.first || highest != tt.last {
			t.Errorf("%v: from %d to %d, want %d to %d", tt.after, lowest, highest, tt.first, tt.last)
		}
	}
}

func TestAnswersAreNotStored(t *testing.T) {
	a, r := build(t, Options{HTML: []byte("x")}), NewRefusals()
	for _, b := range []*Body{
		a.Choose(Busy, nil, nil), a.Choose(Busy, []byte(browser), nil),
		r.Choose(421, Auto, nil, nil), r.Choose(421, Auto, []byte(browser), nil),
	} {
		if !hasField(b, "Cache-Control") || !hasField(b, "X-Content-Type-Options") {
			t.Errorf("fields %v", b.Fields)
		}
	}
}

func TestEveryRefusalHasWordsOfItsOwn(t *testing.T) {
	r := NewRefusals()
	for _, status := range []int{400, 403, 404, 405, 408, 413, 414, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505} {
		for _, lang := range []string{"", zh} {
			page := text(t, r.Choose(status, Auto, []byte(browser), []byte(lang)), "abc")
			if !strings.Contains(page, ">"+strconv.Itoa(status)+"<") {
				t.Errorf("%d: the page does not show its status", status)
			}
		}
		var got struct {
			Code          int
			Msg, Hint, ID string
		}
		if err := json.Unmarshal([]byte(text(t, r.Choose(status, Auto, nil, nil), "abc")), &got); err != nil {
			t.Fatal(err)
		}
		if got.Code != status || got.Msg == "" || got.Hint == "" || got.ID != "abc" {
			t.Errorf("%d: JSON %+v", status, got)
		}
	}
}

// "a client MUST understand the class of any status code, as indicated by the
// first digit, and treat an unrecognized status code as being equivalent to
// the x00 status code of that class" (RFC 9110 section 15)
func TestAnUnknownStatusIsTheFirstOfItsClass(t *testing.T) {
	r := NewRefusals()
	for status, want := range map[int]int{418: 400, 499: 400, 599: 500, 511: 500, 0: 500} {
		if r.Choose(status, Auto, nil, nil) != r.Choose(want, Auto, nil, nil) {
			t.Errorf("%d is not answered as %d", status, want)
		}
	}
}

func TestFailuresHaveRefusals(t *testing.T) {
	r := NewRefusals()
	for cause := message.CauseDNSTimeout; cause <= message.CauseInternal; cause++ {
		status := cause.Status()
		if status != 499 && r.byStatus[status] == nil {
			t.Errorf("%v: no words for its status %d", cause, status)
		}
	}
}

func TestChoosingAllocatesNothing(t *testing.T) {
	a, r := build(t, Options{}), NewRefusals()
	accept, lang, id := []byte(browser), []byte(zh), []byte("0f3a9c1e")
	var s Scratch
	var total int64
	for _, coding := range []string{"", "gzip, deflate, br, zstd"} {
		encoding := []byte(coding)
		if n := testing.AllocsPerRun(100, func() {
			_, length := a.Choose(KindOf(message.CauseMaintenance), accept, lang).For(encoding).Pieces(&s, id)
			total += length + int64(len(a.RetryAfter(7)))
			_, length = r.Choose(421, Auto, accept, lang).For(encoding).Pieces(&s, id)
			total += length
		}); n != 0 {
			t.Errorf("%q: %v allocations", coding, n)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	a, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	accept, lang, id := []byte(browser), []byte(zh), []byte("0f3a9c1e")
	var s Scratch
	for _, coding := range []string{"identity", "gzip, deflate, br, zstd"} {
		encoding := []byte(coding)
		b.Run(coding, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.Choose(Busy, accept, lang).For(encoding).Pieces(&s, id)
			}
		})
	}
}

// What a Site of its own name costs at the start.
func BenchmarkNew(b *testing.B) {
	common := NewCommon()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := New(Options{Site: strconv.Itoa(i) + ".example.com", Common: common}); err != nil {
			b.Fatal(err)
		}
	}
}

func hasField(b *Body, name string) bool {
	for _, f := range b.Fields {
		if string(f.Name) == name {
			return true
		}
	}
	return false
}
