package degraded

import (
	"strconv"
	"strings"
	"time"
)

// roomSlots returns the fillers of a waiting room's templates in one language.
func roomSlots(w roomWords) map[string]filler {
	waits := newEstimates(w)
	return map[string]filler{
		"place":    func(dst []byte, v RoomView) []byte { return strconv.AppendInt(dst, int64(max(v.Place, 0)), 10) },
		"estimate": appendEstimate,
		"after": func(dst []byte, v RoomView) []byte {
			return strconv.AppendInt(dst, int64(wholeSeconds(v.PollAfter)), 10)
		},
		"left":     func(dst []byte, v RoomView) []byte { return strconv.AppendInt(dst, v.left(), 10) },
		"opens":    func(dst []byte, v RoomView) []byte { return v.Opens.AppendFormat(dst, time.RFC3339) },
		"opening":  func(dst []byte, v RoomView) []byte { return v.Opens.AppendFormat(dst, "2006-01-02 15:04 UTC-07:00") },
		"people":   newPeople(w).append,
		"people-b": newPeople(marked(w)).append,
		"wait":     func(dst []byte, v RoomView) []byte { return append(dst, waits.text(v.Estimate)...) },
	}
}

// appendEstimate appends the estimate in seconds as JSON.
func appendEstimate(dst []byte, v RoomView) []byte {
	if seconds := v.estimate(); seconds > 0 {
		return strconv.AppendInt(dst, seconds, 10)
	}
	return append(dst, "null"...)
}

// people says how many are before the visitor.
type people struct {
	none                string
	one                 string
	manyBefore, manyEnd string
}

func newPeople(w roomWords) people {
	before, end, _ := strings.Cut(w.many, "0")
	return people{w.none, w.one, before, end}
}

// marked returns the words with what counts of the place marked for a page.
func marked(w roomWords) roomWords {
	w.none = "<strong>" + w.none + "</strong>"
	w.one = strings.Replace(w.one, "1", "<b>1</b>", 1)
	w.many = strings.Replace(w.many, "0", "<b>0</b>", 1)
	return w
}

func (p people) append(dst []byte, v RoomView) []byte {
	switch {
	case v.Place <= 0:
		return append(dst, p.none...)
	case v.Place == 1:
		return append(dst, p.one...)
	}
	dst = append(dst, p.manyBefore...)
	dst = appendGrouped(dst, v.Place)
	return append(dst, p.manyEnd...)
}

// appendGrouped appends n with a comma before every third digit from the end,
// as both languages write it.
func appendGrouped(dst []byte, n int) []byte {
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], int64(n), 10)
	for i, c := range d {
		if i > 0 && (len(d)-i)%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c)
	}
	return dst
}
