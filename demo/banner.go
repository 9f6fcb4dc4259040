package demo

import (
	"fmt"
	"io"
	"strings"
)

// Banner writes what to try to a terminal. httpsURL is the proxy's, pageURL that
// of its live page.
func (d *Demo) Banner(w io.Writer, httpsURL, pageURL string) {
	proxy := strings.TrimSuffix(httpsURL, "/")
	control := strings.TrimSuffix(d.Control(), "/")
	tell := func(who string, b Behaviour) string {
		return "curl -X POST " + control + "/samples/" + who + "/" + string(b)
	}
	_, _ = fmt.Fprintf(w, `
  Sluice is running in front of three sample upstreams: one, two and three.

  Proxy     %[1]s/
  Control   %[2]s/   buttons for all of this, and who answers
  Page      %[6]s   what the proxy sees of it

  In another terminal:

  1  Spread      they answer in turn, on a kept connection too
     curl -sk '%[1]s/who?[1-6]'

  2  Fail over   one dies: nobody gets an error
     %[3]s
     curl -sk '%[1]s/who?[1-6]'

  3  Degrade     all die: JSON for programs, a page for browsers
     curl -X POST '%[2]s/samples/{one,two,three}/die'
     curl -ik %[1]s/
     curl -ik -H 'Accept: text/html' %[1]s/

  4  Fail back   they are in use again within a second
     curl -X POST '%[2]s/samples/{one,two,three}/ok'
     curl -sk '%[1]s/who?[1-6]'

  5  Trouble     one is slow (two seconds), one answers 503
     %[4]s
     %[5]s
     curl -sk '%[1]s/who?[1-6]'

  More paths: /  /slow?ms=800  /fail?status=500  /echo  /stream  /ws (WebSocket)
  Ctrl-C ends the demo.

`, proxy, control, tell("two", Die), tell("one", Slow), tell("three", Fail), pageURL)
}
