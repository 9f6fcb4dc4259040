package deploy

import (
	"regexp"
	"strings"
	"testing"

	"sluice/config"
)

// A config that a machine begins with is valid as it is, and with everything in it
// that a person may want to turn on.
func TestTheFirstConfigIsValid(t *testing.T) {
	settings := regexp.MustCompile(`(?m)^#(\[|[a-z_]+ = )`)
	all := settings.ReplaceAllString(Config, "$1")
	if n := len(settings.FindAllString(Config, -1)); n < 5 {
		t.Fatalf("%d settings to turn on", n)
	}
	for _, text := range []string{Config, all, strings.NewReplacer("tls = ", "#", "default = ", "#").Replace(Config)} {
		if _, err := config.Parse("sluice.toml", []byte(text)); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// It orders no certificate for a name that is nobody's: the CA would count that.
func TestTheFirstConfigAsksNobodyForACertificate(t *testing.T) {
	if !strings.Contains(Config, "\ntls = \"self-signed\"\n") {
		t.Error("its Site is not self-signed")
	}
}

func TestTheUnitStartsTheProgramAndTheConfigThatItIsFor(t *testing.T) {
	got := Unit("/opt/sluice", "/srv/own.toml")
	if !strings.Contains(got, "\nExecStart=/opt/sluice run --config /srv/own.toml\n") {
		t.Errorf("the unit is\n%s", got)
	}
	for _, other := range []string{"/usr/local/bin/sluice", "/etc/sluice/sluice.toml"} {
		if strings.Contains(got, other) {
			t.Errorf("%s is still in the unit", other)
		}
	}
}
