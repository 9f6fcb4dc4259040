package dnsapi

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

func TestMaskMakesOneLineWithoutSecrets(t *testing.T) {
	m := mask{secrets: []string{"AKIDexampleSecretId0001", "short", "", "tok/en+with=signs/0002"}}
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "The domain does not exist.", "The domain does not exist."},
		{"empty", "", ""},
		{"whole", "key AKIDexampleSecretId0001 is off", "key ••• is off"},
		{"in another case", "key akidEXAMPLEsecretid0001 is off", "key ••• is off"},
		{"twice in a row", "AKIDexampleSecretId0001AKIDexampleSecretId0001", "•••"},
		{"half of it", "key AKIDexampleSe is off", "key ••• is off"},
		{"its end", "key SecretId0001", "key •••"},
		{"a short one", "in short: no", "in •••: no"},
		{"with zeros in it", "AKID\x00example\x00Secret\u200bId0001", "•••"},
		{"on two lines", "AKIDexample\nSecretId0001", "••• •••"},
		{"in a URL", "?token=tok%2Fen%2Bwith%3Dsigns%2F0002", "?token=•••"},
		{"lines and tabs", " a\r\n\tb  c ", "a b c"},
		{"escapes of terminals", "\x1b[31mred\x07", "[31mred"},
		{"direction", "a\u202eb", "ab"},
		{"not UTF-8", "a\xff\xfeb", "ab"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := m.line(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMaskCutsAfterItHides(t *testing.T) {
	secret := "0123456789abcdefghij"
	for before := range maxLine + 10 {
		got := mask{secrets: []string{secret}}.line(strings.Repeat("x", before) + secret + " and more é, é, é, é")
		if len(got) > maxLine {
			t.Fatalf("%d bytes", len(got))
		}
		if strings.Contains(got, "01") || strings.ContainsRune(got, unicode.ReplacementChar) {
			t.Fatalf("after %d bytes: %q", before, got)
		}
	}
}

func TestMaskTakesOnlyCodesForCodes(t *testing.T) {
	m := mask{secrets: []string{"AKIDexampleSecretId0001"}}
	for _, tt := range []struct{ text, want string }{
		{"AuthFailure.SignatureFailure", "AuthFailure.SignatureFailure"},
		{"81058", "81058"},
		{"AKIDexampleSecretId0001", ""},
		{"X.AKIDexampleSe", ""},
		{"no code", ""},
		{"a\nb", ""},
		{"•••", ""},
		{strings.Repeat("a", maxCode+1), ""},
		{"", ""},
	} {
		if got := m.code(tt.text); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

// What is made of pieces of secrets, in any order, with noise between them,
// shows no secret and no long piece of one.
func TestMaskHidesWhateverIsMadeOfSecrets(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var secrets []string
		for range 1 + rng.IntN(4) {
			b := make([]byte, 1+rng.IntN(40))
			for i := range b {
				b[i] = byte('!' + rng.IntN('~'-'!'+1))
			}
			secrets = append(secrets, string(b))
		}
		var text strings.Builder
		for range rng.IntN(20) {
			s := secrets[rng.IntN(len(secrets))]
			i, j := rng.IntN(len(s)+1), rng.IntN(len(s)+1)
			switch rng.IntN(6) {
			case 0:
				text.WriteString(s[min(i, j):max(i, j)])
			case 1:
				text.WriteString(strings.ToUpper(s))
			case 2:
				fmt.Fprintf(&text, "\x00%s\x7f", s[i:])
			case 3:
				text.WriteString(" … " + string(rune(rng.IntN(0x3000))))
			default:
				text.WriteString(s)
			}
		}
		httpHidden(t, mask{secrets: secrets}.line(text.String()), secrets, fmt.Sprintf("seed %d: ", seed))
	}
}

// httpHidden fails the test if text tells a secret, or gramSize bytes of one.
func httpHidden(t *testing.T, text string, secrets []string, where string) {
	t.Helper()
	lower := strings.ToLower(text)
	for _, s := range secrets {
		s = strings.ToLower(s)
		size := min(gramSize, len(s))
		for i := 0; size > 0 && i+size <= len(s); i++ {
			if strings.Contains(lower, s[i:i+size]) {
				t.Fatalf("%s%q tells %q of the secret %q", where, text, s[i:i+size], s)
			}
		}
	}
}
