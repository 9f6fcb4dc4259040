package degraded

import (
	"strings"
	"testing"

	"sluice/message"
)

// "cause in plain words": what a visitor reads agrees with what the log says.
func TestCausesHaveKinds(t *testing.T) {
	for kind, causes := range map[Kind][]message.Cause{
		Busy: {message.CauseShed, message.CauseQueueFull, message.CauseQueueTimeout, message.CauseConnectionLimit},
		Down: {
			message.CauseDNSTimeout, message.CauseDNSError, message.CauseDestinationNotFound,
			message.CauseDestinationUnavailable, message.CauseDestinationUnroutable,
			message.CauseConnectionRefused, message.CauseConnectionTimeout,
			message.CauseTLSProtocol, message.CauseTLSCertificate,
		},
		Unanswered: {
			message.CauseConnectionReadTimeout, message.CauseConnectionWriteTimeout, message.CauseConnectionTerminated,
			message.CauseResponseIncomplete, message.CauseResponseHeadSize, message.CauseResponseInvalid,
			message.CauseResponseBodyInvalid, message.CauseUpgradeFailed, message.CauseInternal, message.CauseNone,
		},
		Maintenance: {message.CauseMaintenance},
	} {
		for _, c := range causes {
			if got := KindOf(c); got != kind {
				t.Errorf("%v is %s, want %s", c, got.word(), kind.word())
			}
		}
	}
}

// A request that an upstream may have acted on must not be sent again without
// a look; nobody is sent to look who need not.
func TestOnlyWhoMayHaveOrderedIsToldToCheck(t *testing.T) {
	a := build(t, Options{})
	for k := range kinds {
		en := strings.Contains(text(t, a.Choose(k, []byte(browser), nil), ""), "check whether it arrived")
		zhCN := strings.Contains(text(t, a.Choose(k, []byte(browser), []byte(zh)), ""), "请先确认是否成功")
		if want := k == Unanswered; en != want || zhCN != want {
			t.Errorf("%s: English %v, Chinese %v, want %v", k.word(), en, zhCN, want)
		}
	}
}

// Each Kind says something of its own in each language.
func TestKindsAreToldApart(t *testing.T) {
	a := build(t, Options{})
	for _, lang := range []string{"", zh} {
		seen := map[string]Kind{}
		for k := range kinds {
			page := text(t, a.Choose(k, []byte(browser), []byte(lang)), "")
			if other, twice := seen[page]; twice {
				t.Errorf("%s and %s have one page", k.word(), other.word())
			}
			seen[page] = k
		}
	}
}

// The JSON of the contract is that of all trouble; a program that may wait for
// hours can tell by it.
func TestDefaultJSONTellsOfMaintenance(t *testing.T) {
	for _, o := range []Options{{}, {JSON: []byte(defaultJSON)}} {
		a := build(t, o)
		for k, want := range [kinds]string{
			Busy:        `{"code":503,"msg":"busy"}`,
			Down:        `{"code":503,"msg":"busy"}`,
			Unanswered:  `{"code":503,"msg":"busy"}`,
			Maintenance: `{"code":503,"msg":"maintenance"}`,
		} {
			if got := text(t, a.Choose(Kind(k), nil, nil), ""); got != want {
				t.Errorf("%s: %s, want %s", Kind(k).word(), got, want)
			}
		}
	}
}

// "It may stand there any number of times, or not at all."
func TestOwnersBodiesShowTheCause(t *testing.T) {
	a := build(t, Options{
		HTML: []byte(`<p class="{{cause}}">{{cause}} {{request_id}}</p>`),
		JSON: []byte(`{"code":503,"msg":"{{cause}}"}`),
	})
	for k, word := range [kinds]string{Busy: "busy", Down: "down", Unanswered: "unanswered", Maintenance: "maintenance"} {
		if got, want := text(t, a.Choose(Kind(k), []byte(browser), nil), "a-1"), `<p class="`+word+`">`+word+` a-1</p>`; got != want {
			t.Errorf("page %q, want %q", got, want)
		}
		if got, want := text(t, a.Choose(Kind(k), nil, nil), ""), `{"code":503,"msg":"`+word+`"}`; got != want {
			t.Errorf("JSON %q, want %q", got, want)
		}
	}
	if a := build(t, Options{JSON: []byte("[]")}); text(t, a.Choose(Maintenance, nil, nil), "") != "[]" {
		t.Error("an owner's JSON is changed for maintenance")
	}
}

// "a template with the site's name", which may hold anything.
func TestPagesSayWhoseTheyAre(t *testing.T) {
	for site, want := range map[string]string{
		"shop.example.com":                 `shop.example.com`,
		`<b title="x">&{{request_id}}</b>`: `&lt;b title=&#34;x&#34;&gt;&amp;&#123;&#123;request_id}}&lt;/b&gt;`,
	} {
		page := text(t, build(t, Options{Site: site}).Choose(Busy, []byte(browser), nil), "ID-1")
		for _, part := range []string{" · " + want + "</title>", `<p class="site">` + want + "</p>"} {
			if !strings.Contains(page, part) {
				t.Errorf("no %s in\n%s", part, page)
			}
		}
		if strings.Count(page, "ID-1") != 1 {
			t.Error("the site's name was taken for a marker")
		}
		if err := balanced(page); err != nil {
			t.Error(err)
		}
	}
	if page := text(t, build(t, Options{}).Choose(Busy, []byte(browser), nil), ""); strings.Contains(page, `<p class="site">`) {
		t.Error("a page of nobody has a place for a name")
	}
}

func TestAnotherModeIsTheSameAnswer(t *testing.T) {
	a := build(t, Options{})
	b := a.With(JSON)
	if a.Choose(Busy, []byte(browser), nil).IsJSON() || !b.Choose(Busy, []byte(browser), nil).IsJSON() {
		t.Error("the mode was not changed, or that of the other one was, too")
	}
	if a.Choose(Busy, nil, nil) != b.Choose(Busy, nil, nil) {
		t.Error("the bodies were rendered again")
	}
}
