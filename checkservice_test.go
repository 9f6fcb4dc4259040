package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"sluice/install"
)

// Root may read everything, and the service's user not: what that one's own check
// says of it is told, and nothing else of it.
func TestWhatIsClosedToTheService(t *testing.T) {
	const said = `warning: the certificate of a: ends soon
/etc/sluice/sluice.toml:4: site.tls.key: "/k" cannot be read: permission denied; name an existing file
/etc/sluice/sluice.toml:5: server.admin_token: the environment variable T is not set
/etc/sluice/sluice.toml:9: site.degraded.page: "/p" cannot be read: no such file or directory; name an existing file`
	check := install.Command{Words: []string{"sluice", "check"}, Account: serviceUser}
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"it would not start", errors.New("exit status 1"), 1},
		{"it would", nil, 0},
	} {
		lines := closedTo(t.Context(), func(_ context.Context, c install.Command) (string, error) {
			if c.Account != serviceUser {
				t.Errorf("it was %q who checked", c.Account)
			}
			return said, tt.err
		}, check)
		if len(lines) != tt.want || tt.want > 0 && !strings.Contains(lines[0], `"/k"`) {
			t.Errorf("%s: %q", tt.name, lines)
		}
		var out bytes.Buffer
		warnOfClosed(&out, lines)
		if told := strings.Contains(out.String(), "chgrp sluice FILE"); told != (tt.want > 0) {
			t.Errorf("%s: %s", tt.name, out.String())
		}
	}
}
