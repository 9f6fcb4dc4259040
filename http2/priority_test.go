package http2

import "testing"

// RFC 9218 section 4: "u" is an integer from 0 to 7, "i" a boolean; section
// 4.1: "The default value is 3." Section 4: "where the Dictionary is
// successfully parsed, this document places the additional requirement that
// unknown parameters, parameters with out-of-range values, or values of
// unexpected types MUST be ignored."
func TestPriority(t *testing.T) {
	for value, want := range map[string]struct {
		urgency     uint8
		incremental bool
	}{
		"":                     {3, false},
		"u=0":                  {0, false},
		"u=7, i":               {7, true},
		"i,u=5":                {5, true},
		" u=1 ,\ti=?1":         {1, true},
		"i=?0":                 {3, false},
		"u=2, u=4":             {4, false}, // the last of two counts (RFC 8941 section 3.2)
		"i, i=?0":              {3, false},
		"u=8":                  {3, false},
		"u=-1":                 {3, false},
		"u=1.5":                {3, false},
		"u=10":                 {3, false},
		`u="1"`:                {3, false},
		"i=1":                  {3, false},
		"u=1;foo=bar, i;q":     {1, true},
		`x="a,u=0,\",u=1",u=6`: {6, false},
		"foo, bar=1, u=6":      {6, false},
		"U=1":                  {3, false},
		",,,":                  {3, false},
	} {
		if u, i := parsePriority([]byte(value)); u != want.urgency || i != want.incremental {
			t.Errorf("%q: got %d %v, want %d %v", value, u, i, want.urgency, want.incremental)
		}
	}
}

func FuzzPriority(f *testing.F) {
	f.Add([]byte(`u=1, i, x="a\",b";c=d`))
	f.Fuzz(func(t *testing.T, value []byte) {
		if u, _ := parsePriority(value); u > 7 {
			t.Errorf("urgency %d", u)
		}
	})
}
