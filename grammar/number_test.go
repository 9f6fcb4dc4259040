package grammar

import "testing"

// "Any Content-Length field value greater than or equal to zero is valid.
// Since there is no predefined limit to the length of content, a recipient
// MUST anticipate potentially large decimal numerals and prevent parsing
// errors due to integer conversion overflows or precision loss due to integer
// conversion" (RFC 9110 section 8.6).
func TestLengthIsDigitsInRange(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true},
		{"42", 42, true},
		{"00042", 42, true},
		{"000000000000000000000000000000000000000042", 42, true},
		{"4611686018427387904", 1 << 62, true},
		{"4611686018427387905", 0, false},
		{"4611686018427387910", 0, false},
		{"9223372036854775807", 0, false},
		{"9223372036854775808", 0, false},
		{"18446744073709551616", 0, false},
		{"18446744073709551621", 0, false},
		{"99999999999999999999999999", 0, false},
		{"", 0, false},
		{"+1", 0, false},
		{"-1", 0, false},
		{"-0", 0, false},
		{"1 ", 0, false},
		{"1 2", 0, false},
		{"1,1", 0, false},
		{"0x10", 0, false},
		{"1e3", 0, false},
		{"1_0", 0, false},
		{"1.0", 0, false},
		{"\xd9\xa1", 0, false}, // U+0661, a digit elsewhere
	} {
		got, ok := ParseLength([]byte(tt.in))
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: got %d, %v; want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestHexDigit(t *testing.T) {
	const digits = "0123456789abcdefABCDEF"
	want := map[byte]int64{}
	for i := range len(digits) {
		want[digits[i]] = int64(i)
		if i > 15 {
			want[digits[i]] = int64(i - 6)
		}
	}
	for c := range 256 {
		w, ok := want[byte(c)]
		if !ok {
			w = -1
		}
		if got := HexDigit(byte(c)); got != w {
			t.Errorf("%#x: got %d, want %d", c, got, w)
		}
	}
}
