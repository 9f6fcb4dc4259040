package grammar

import (
	"strings"
	"testing"
)

func TestNextItem(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"a":             "a",
		" a\t, b ":      "a|b",
		",a,,b,":        "|a||b|",
		"\x0ba,\u00a0b": "\x0ba|\u00a0b", // neither is OWS
	} {
		var got []string
		for list := []byte(in); len(list) > 0; {
			var item []byte
			item, list = NextItem(list)
			got = append(got, string(item))
			if list != nil && len(list) == 0 {
				got = append(got, "")
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// RFC 9110 section 10.1.4: TE = #t-codings, and t-codings = "trailers" /
// ( transfer-coding [ weight ] ).
func TestHasItem(t *testing.T) {
	for in, want := range map[string]bool{
		"trailers":                   true,
		"deflate;q=0.5, \tTrailers ": true,
		",,trailers,":                true,
		"":                           false,
		"trailers;q=1":               false,
		"trailer s":                  false,
		"deflate":                    false,
	} {
		if got := HasItem([]byte(in), "trailers"); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

// RFC 9110 section 10.1.1: "The Expect field value is case-insensitive", and
// "The only expectation defined by this specification is "100-continue" (with
// no defined parameters)."
func TestExpectations(t *testing.T) {
	for in, want := range map[string][2]bool{
		"":                     {false, false},
		" , ":                  {false, false},
		"100-continue":         {true, false},
		",100-Continue, ":      {true, false},
		"100-continue, 200-ok": {true, true},
		"100-continue=1":       {false, true},
		"100-continue;a=b":     {false, true},
		"200-ok":               {false, true},
		"100-continue 200-ok":  {false, true},
		"\"100-continue\"":     {false, true},
		"100-continue,\x0b":    {true, true},
		"200-ok,100-continue":  {true, true},
		"100-continu\u00e9":    {false, true},
	} {
		proceed, other := Expectations([]byte(in))
		if got := [2]bool{proceed, other}; got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}
