package degraded

import (
	"testing"
	"time"
)

func TestEstimatesAreRoundedUp(t *testing.T) {
	en, zh := newEstimates(roomEnglish()), newEstimates(roomChinese())
	for _, tt := range []struct {
		wait        time.Duration
		english, zh string
	}{
		{time.Nanosecond, "Estimated wait: less than a minute", "预计等待不到 1 分钟"},
		{59 * time.Second, "Estimated wait: less than a minute", "预计等待不到 1 分钟"},
		{time.Minute, "Estimated wait: about a minute", "预计等待约 1 分钟"},
		{61 * time.Second, "Estimated wait: about 2 minutes", "预计等待约 2 分钟"},
		{9*time.Minute + 1, "Estimated wait: about 10 minutes", "预计等待约 10 分钟"},
		{11 * time.Minute, "Estimated wait: about 15 minutes", "预计等待约 15 分钟"},
		{55 * time.Minute, "Estimated wait: about 55 minutes", "预计等待约 55 分钟"},
		{56 * time.Minute, "Estimated wait: about an hour", "预计等待约 1 小时"},
		{61 * time.Minute, "Estimated wait: about 1½ hours", "预计等待约 1.5 小时"},
		{91 * time.Minute, "Estimated wait: about 2 hours", "预计等待约 2 小时"},
		{12 * time.Hour, "Estimated wait: about 12 hours", "预计等待约 12 小时"},
		{12*time.Hour + 1, "Estimated wait: more than 12 hours", "预计等待超过 12 小时"},
		{0, "How long it will take cannot be told yet.", "暂时无法估计等待时间。"},
		{-time.Hour, "How long it will take cannot be told yet.", "暂时无法估计等待时间。"},
	} {
		if got := en.text(tt.wait); got != tt.english {
			t.Errorf("%v: %q, want %q", tt.wait, got, tt.english)
		}
		if got := zh.text(tt.wait); got != tt.zh {
			t.Errorf("%v: %q, want %q", tt.wait, got, tt.zh)
		}
	}
}

func TestEstimatesGrow(t *testing.T) {
	e := newEstimates(roomEnglish())
	for i := 1; i < len(e.known); i++ {
		if e.known[i].upTo <= e.known[i-1].upTo {
			t.Errorf("%q after %q", e.known[i].text, e.known[i-1].text)
		}
	}
}
