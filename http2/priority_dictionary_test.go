package http2

import (
	"strings"
	"testing"
)

func TestPriorityIsADictionary(t *testing.T) {
	for _, tt := range []struct {
		in          string
		urgency     uint8
		incremental bool
	}{
		// "The default is 3"; "The default value is false (0)" (RFC 9218
		// sections 4.1 and 4.2).
		{"", 3, false},
		{"   ", 3, false},
		{"u=0", 0, false},
		{"u=7", 7, false},
		{"i", 3, true},
		{"u=5, i", 5, true},
		{"i,u=5", 5, true},
		{" u=5\t,\t i ", 5, true},
		{"u=5\t", 5, false},
		{"i=?1", 3, true},
		{"i=?0", 3, false},
		{"u=1,i=?0", 1, false},
		{"u=01", 1, false}, // an Integer may have zeros in front
		{"u=-0", 0, false},

		// "unknown parameters, parameters with out-of-range values, or values
		// of unexpected types MUST be ignored" (RFC 9218 section 4).
		{"u=8, i", 3, true},
		{"u=-1, i", 3, true},
		{"u=999999999999999, i", 3, true},
		{"u=1.0, i", 3, true},
		{`u="1", i`, 3, true},
		{"u=one, i", 3, true},
		{"u=?1, i", 3, true},
		{"u, i", 3, true},
		{"u=(1 2), i", 3, true},
		{"u=:MQ==:, i", 3, true},
		{"u=2, i=1", 2, false},
		{"u=2, i=true", 2, false},
		{"u=2, x, y=1, *z=a/b:c", 2, false},

		// "If dictionary already contains a key this_key [...], overwrite its
		// value" (RFC 8941 section 4.2.2). What is then out of range or of the
		// wrong type is ignored; it does not bring the earlier one back.
		{"u=1, u=5", 5, false},
		{"u=1, u=9", 3, false},
		{"i, i=?0", 3, false},
		{"i=?0, i", 3, true},
		{"i, i=1", 3, false},

		// Parameters have no meaning here.
		{"u=1;a, i;b=2", 1, true},
		{"u=1; a=?0;b=c;  d=\"u=5, \\\" ,\", i", 1, true},
		{"i;u=5", 3, true},
		{`x="u=5", i`, 3, true},
		{`x=",u=5,", i`, 3, true},
		{`x=("a b" c;d=1 2.5);e, i`, 3, true},
		{"x=(), y=( 1  2 ), i", 3, true},
	} {
		if u, i := parsePriority([]byte(tt.in)); u != tt.urgency || i != tt.incremental {
			t.Errorf("%q: got %d %v, want %d %v", tt.in, u, i, tt.urgency, tt.incremental)
		}
	}
}

// "If parsing fails -- including when calling another algorithm -- the entire
// field value MUST be ignored" (RFC 8941 section 4.2).
func TestMalformedPriorityIsIgnoredAsAWhole(t *testing.T) {
	for _, in := range []string{
		"u=1,", "u=1, ", ",u=1", "u=1,,i", "u=1 i", "u=1;", "u=1 ;a", "u=1, U=2", "u=1, =2", "u=1, 2",
		"\tu=1", // "Discard any leading SP characters", and no others
		"u=", "u=1, i=", "u=1, i=?", "u=1, i=?2", "u=1, i=?1x", "u= 1", "u =1",
		"u=1x", "u=-", "u=--1", "u=+1", "u=1, x=1.", "u=1, x=.5", "u=1, x=1.2.3", "u=1, x=1.2345",
		"u=1, x=1234567890123456", "u=1, x=1234567890123.1", "u=1, x=-1234567890123456",
		`u=1, x="`, `u=1, x="a`, `u=1, x="\a"`, `u=1, x="\`, "u=1, x=\"\t\"", "u=1, x=\"\x7f\"", "u=1, x=\"\xc3\xbc\"", `u=1, x='a'`,
		"u=1, x=:a", "u=1, x=:a b:", "u=1, x=:-:",
		"u=1, x=@1", `u=1, x=%"a"`, // the types of RFC 9651 only
		"u=1, x=(", "u=1, x=(1", "u=1, x=(1,2)", "u=1, x=(1(2))", "u=1, x=((1))", "u=1, x=(1;)", "u=1, x=)", "u=1, x=(1\t2)",
		"u=1;A", "u=1;a=", "u=1;a=(1)", "u=1\x00", "u=1, \xff",
	} {
		if u, i := parsePriority([]byte(in)); u != defaultUrgency || i {
			t.Errorf("%q: got %d %v, want the defaults", in, u, i)
		}
	}
}

// The work is bounded by the length, whatever a client nests or leaves open.
func BenchmarkParsePriority(b *testing.B) {
	for _, tt := range []struct{ name, in string }{
		{"usual", "u=1, i"},
		{"members", strings.Repeat("u=1,", 4095) + "u=1"},
		{"parameters", "u=1" + strings.Repeat(";a", 8190)},
		{"quotes", strings.Repeat(`a="\"",`, 2340) + "u=1"},
		{"lists", "u=(" + strings.Repeat(" 1", 8189) + ")"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			in := []byte(tt.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				parsePriority(in)
			}
		})
	}
}

// FuzzPriorityMember: a value is either well formed to its end, so that a member
// behind it counts, or not at all.
func FuzzPriorityMember(f *testing.F) {
	for _, in := range []string{"", "u=1, i", "u=9, i=?0;a=b", `x=("a" b;c);d, u=0`, "u=1,", `x="`, "u=:MQ==:, y=-1.5"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		u, i := parsePriority(in)
		if u > 7 {
			t.Fatalf("urgency %d", u)
		}
		behind := func(member string) []byte { return append(append([]byte(nil), in...), member...) }
		u2, i2 := parsePriority(behind(",u=4,i"))
		if whole := u2 == 4 && i2; !whole && (u != defaultUrgency || i) {
			t.Fatalf("%q: got %d %v, but not with a member behind it", in, u, i)
		}
		if u3, i3 := parsePriority(behind(" ")); u3 != u || i3 != i {
			t.Fatalf("%q: a space behind it makes %d %v of %d %v", in, u3, i3, u, i)
		}
		if u4, i4 := parsePriority(behind(",\x00")); u4 != defaultUrgency || i4 {
			t.Fatalf("%q: a fault behind it left %d %v", in, u4, i4)
		}
	})
}
