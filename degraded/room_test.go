package degraded

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sluice/message"
)

var (
	roomNow   = time.Date(2026, 11, 22, 19, 0, 0, 0, time.FixedZone("", 8*3600))
	roomViews = map[string]RoomView{
		"waiting":     {State: RoomWaiting, Place: 1234, Estimate: 5 * time.Minute, PollAfter: 6500 * time.Millisecond},
		"not_started": {State: RoomNotStarted, Opens: roomNow.Add(time.Hour), Now: roomNow, PollAfter: time.Minute},
		"over":        {State: RoomOver},
		"entered":     {State: RoomEntered},
	}
)

func roomPages(t testing.TB, title string) *RoomPages {
	t.Helper()
	p, err := NewRoomPages(RoomPagesOptions{Title: title})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// roomText returns a body as a client gets it.
func roomText(t *testing.T, a RoomAnswer) string {
	t.Helper()
	whole := string(bytes.Join(a.Pieces[:], nil))
	if int64(len(whole)) != a.Length {
		t.Fatalf("length %d of a body of %d bytes", a.Length, len(whole))
	}
	return whole
}

func TestRoomJSON(t *testing.T) {
	p := roomPages(t, "Shop")
	for _, tt := range []struct{ state, language, want string }{
		{"waiting", "en", `{"state":"waiting","place":1234,"estimate_seconds":300,"poll_after_seconds":7,"title":"You are in line","text":"There are 1,234 people before you","hint":"Estimated wait: about 5 minutes"}`},
		{"waiting", zh, `{"state":"waiting","place":1234,"estimate_seconds":300,"poll_after_seconds":7,"title":"您正在排队","text":"排在您前面的人数：1,234","hint":"预计等待约 5 分钟"}`},
		{"not_started", "en", `{"state":"not_started","opens":"2026-11-22T20:00:00+08:00","opens_in_seconds":3600,"poll_after_seconds":60,"title":"Not started yet","text":"Opens 2026-11-22 20:00 UTC+08:00"}`},
		{"not_started", zh, `{"state":"not_started","opens":"2026-11-22T20:00:00+08:00","opens_in_seconds":3600,"poll_after_seconds":60,"title":"尚未开始","text":"开始时间：2026-11-22 20:00 UTC+08:00"}`},
		{"over", "en", `{"state":"over","title":"This has ended","text":"Nobody is let in any more. Thank you for your interest."}`},
		{"over", zh, `{"state":"over","title":"已经结束","text":"现已停止进入，感谢您的关注。"}`},
		{"entered", "en", `{"state":"entered","title":"It is your turn","text":"Opening the page…"}`},
		{"entered", zh, `{"state":"entered","title":"轮到您了","text":"正在进入…"}`},
	} {
		got := roomText(t, p.Render(nil, roomViews[tt.state], nil, []byte(tt.language)))
		if got != tt.want {
			t.Errorf("%s, %s:\n%s, want\n%s", tt.state, tt.language, got, tt.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s, %s: this is not JSON", tt.state, tt.language)
		}
	}
}

// What cannot be told is not made up.
func TestRoomWithoutAnEstimateSaysSo(t *testing.T) {
	p := roomPages(t, "")
	v := RoomView{State: RoomWaiting, Place: 3}
	got := roomText(t, p.Render(nil, v, nil, nil))
	for _, want := range []string{`"estimate_seconds":null`, `"hint":"How long it will take cannot be told yet."`, `"poll_after_seconds":1,`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

func TestRoomAfterTheOpeningCountsNoFurther(t *testing.T) {
	v := roomViews["not_started"]
	for _, tt := range []struct {
		now  time.Duration // after the opening
		want int64
	}{{-1500 * time.Millisecond, 2}, {-time.Millisecond, 1}, {0, 0}, {time.Hour, 0}} {
		v.Now = v.Opens.Add(tt.now)
		if got := v.left(); got != tt.want {
			t.Errorf("%v: %d seconds left, want %d", tt.now, got, tt.want)
		}
	}
}

func TestRoomSaysHowManyAreBefore(t *testing.T) {
	p := roomPages(t, "")
	for _, tt := range []struct {
		place    int
		language string
		page     string
		json     string
	}{
		{-1, "en", "<strong>You are next</strong>", "You are next"},
		{0, zh, "<strong>下一位就是您</strong>", "下一位就是您"},
		{1, "en", "There is <b>1</b> person before you", "There is 1 person before you"},
		{1, zh, "排在您前面的人数：<b>1</b>", "排在您前面的人数：1"},
		{2, "en", "There are <b>2</b> people before you", "There are 2 people before you"},
		{999, "en", "There are <b>999</b> people before you", "There are 999 people before you"},
		{100000, zh, "排在您前面的人数：<b>100,000</b>", "排在您前面的人数：100,000"},
		{1234567, "en", "There are <b>1,234,567</b> people before you", "There are 1,234,567 people before you"},
	} {
		v := RoomView{State: RoomWaiting, Place: tt.place}
		if got := roomText(t, p.Render(nil, v, []byte(browser), []byte(tt.language))); !strings.Contains(got, `id="text">`+tt.page+"</p>") {
			t.Errorf("%d, %s: the page has no %q", tt.place, tt.language, tt.page)
		}
		if got := roomText(t, p.Render(nil, v, nil, []byte(tt.language))); !strings.Contains(got, `"text":"`+tt.json+`"`) {
			t.Errorf("%d, %s: no %q in %s", tt.place, tt.language, tt.json, got)
		}
	}
}

func TestRoomAnswersByStateAndClient(t *testing.T) {
	p := roomPages(t, "")
	for _, tt := range []struct {
		state      string
		poll       bool
		mode       Mode
		accept     string
		status     int
		typ, retry string
	}{
		{"waiting", false, Auto, browser, 503, typeHTML, "7"},
		{"waiting", false, Auto, program, 503, typeJSON, "7"},
		{"waiting", false, JSON, browser, 503, typeJSON, "7"},
		{"waiting", false, HTML, program, 503, typeHTML, "7"},
		{"waiting", true, Auto, "application/json", 200, typeJSON, ""},
		{"waiting", true, HTML, "application/json", 200, typeJSON, ""},
		{"not_started", false, Auto, browser, 503, typeHTML, "60"},
		{"not_started", true, Auto, "application/json", 200, typeJSON, ""},
		{"over", false, Auto, browser, 410, typeHTML, ""},
		{"over", false, Auto, program, 410, typeJSON, ""},
		{"over", true, Auto, "application/json", 200, typeJSON, ""},
		{"entered", true, Auto, "application/json", 200, typeJSON, ""},
		{"entered", false, HTML, browser, 200, typeJSON, ""},
	} {
		v := roomViews[tt.state]
		v.Poll, v.Mode = tt.poll, tt.mode
		a := p.Render(nil, v, []byte(tt.accept), nil)
		if a.Status != tt.status || string(a.Fields.Get(message.ContentType)) != tt.typ || string(a.RetryAfter) != tt.retry {
			t.Errorf("%+v: status %d, %s, Retry-After %q", tt, a.Status, a.Fields.Get(message.ContentType), a.RetryAfter)
		}
		if (a.RetryAfter == nil) != (tt.retry == "") || a.IsJSON() != (tt.typ == typeJSON) {
			t.Errorf("%+v: Retry-After %v, IsJSON %v", tt, a.RetryAfter, a.IsJSON())
		}
		if !strings.HasPrefix(roomText(t, a), map[string]string{typeHTML: "<!doctype html>", typeJSON: `{"state":"` + tt.state + `"`}[tt.typ]) {
			t.Errorf("%+v: body %.40q", tt, a.Pieces[0])
		}
		if !hasField(&Body{Fields: a.Fields}, "Cache-Control") {
			t.Errorf("%+v: it may be stored", tt)
		}
	}
}

func TestRoomPollsAreKnownByTheirField(t *testing.T) {
	for _, tt := range []struct {
		fields message.Fields
		want   bool
	}{
		{nil, false},
		{message.Fields{field("Accept", "application/json")}, false},
		{message.Fields{field("Accept", "application/json"), field("Sluice-Room", "poll")}, true},
		{message.Fields{field("sluice-room", "poll")}, true},
		{message.Fields{field("Sluice-Room", "")}, false},
	} {
		if got := IsRoomPoll(tt.fields); got != tt.want {
			t.Errorf("%v: %v", tt.fields, got)
		}
	}
	if !strings.Contains(roomScript, "'Sluice-Room':'poll'") {
		t.Error("the script does not mark its polls")
	}
}

func TestRoomTitleIsOneLineOfText(t *testing.T) {
	for _, title := range []string{"\xff", "a\nb", "a\x00b", strings.Repeat("长", maxRoomTitle+1)} {
		if _, err := NewRoomPages(RoomPagesOptions{Title: title}); err == nil || !strings.HasPrefix(err.Error(), "title: ") {
			t.Errorf("%q: error %v", title, err)
		}
	}
	roomPages(t, strings.Repeat("长", maxRoomTitle))
}

// The buffer is the caller's, and one that is used again must not shine through.
func TestRoomAnswersUseTheBufferFromItsStart(t *testing.T) {
	p := roomPages(t, "")
	buf := []byte(strings.Repeat("x", 2000))
	for name, v := range roomViews {
		for _, accept := range []string{browser, program} {
			want := roomText(t, p.Render(nil, v, []byte(accept), nil))
			if got := roomText(t, p.Render(buf, v, []byte(accept), nil)); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

func TestRoomRenderingAllocatesNothingWithAKilobyte(t *testing.T) {
	p := roomPages(t, strings.Repeat("{", maxRoomTitle)) // which escapes to most
	buf, accept := make([]byte, 0, 1024), []byte(browser)
	for name, v := range roomViews {
		v.Place *= 1e12
		for _, lang := range [][]byte{[]byte("en"), []byte(zh)} {
			var total int64
			if n := testing.AllocsPerRun(100, func() {
				a, j := p.Render(buf, v, accept, lang), p.Render(buf, v, nil, lang)
				total += a.Length + j.Length
			}); n != 0 {
				t.Errorf("%s, %s: %v allocations", name, lang, n)
			}
		}
	}
}

func BenchmarkRoomRender(b *testing.B) {
	p := roomPages(b, "Autumn Sale")
	buf, lang := make([]byte, 0, 1024), []byte(zh)
	for _, accept := range []string{browser, "application/json"} {
		for _, state := range []string{"waiting", "not_started"} {
			form := map[string]string{browser: "page"}[accept]
			if form == "" {
				form = "json"
			}
			b.Run(state+"/"+form, func(b *testing.B) {
				v, accept := roomViews[state], []byte(accept)
				b.ReportAllocs()
				for b.Loop() {
					p.Render(buf, v, accept, lang)
				}
			})
		}
	}
}
