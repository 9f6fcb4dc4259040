package http2

import (
	"errors"

	"sluice/grammar"
	"sluice/message"
)

// headFault is one way in which a field section breaks the rules, or asks for
// what is not served. The two tables below turn it into a Failure; they are
// built once, so refusing allocates nothing.
type headFault uint8

const (
	headFaultNone headFault = iota

	// Sizes.
	headFaultSize
	headFaultCount

	// Field lines.
	headFaultNameEmpty
	headFaultNameUpper
	headFaultNameByte
	headFaultControl
	headFaultValueSpace
	headFaultConnectionField

	// Pseudo-fields.
	headFaultPseudoLate
	headFaultPseudoUnknown
	headFaultPseudoTwice
	headFaultPseudoTrailer
	headFaultMethodMissing
	headFaultMethodByte
	headFaultMethodSize
	headFaultMethodRefused
	headFaultConnectForm
	headFaultProtocolMethod
	headFaultProtocolEmpty
	headFaultProtocolRefused
	headFaultSchemeMissing
	headFaultSchemeForm
	headFaultSchemeRefused
	headFaultPathMissing
	headFaultPathEmpty
	headFaultPathForm
	headFaultPathByte
	headFaultPathFragment
	headFaultPathAsterisk

	// The authority.
	headFaultAuthorityMissing
	headFaultHostTwice
	headFaultHostDiffers
	headFaultHostEmpty
	headFaultHostUserinfo
	headFaultHostByte
	headFaultHostIP
	headFaultHostSize
	headFaultHostPort

	// Fields that Sluice decides on.
	headFaultLengthTwice
	headFaultLengthForm
	headFaultLengthEnd
	headFaultTEForm
	headFaultTETwice
	headFaultExpect

	headFaults
)

// headFaultRows gives each fault its words, and its cause where that is not
// plain CauseRequestInvalid. Where refused is set the section is well formed
// and only not served; everything else is malformed as RFC 9113 section 8.1.1
// has it.
var headFaultRows = [headFaults]struct {
	words   string
	cause   message.Cause
	refused bool
}{
	headFaultSize:  {"the field section is larger than the limit", message.CauseRequestHeadSize, true},
	headFaultCount: {"the field section has more field lines than the limit", message.CauseRequestHeadSize, true},

	headFaultNameEmpty:       {"a field with an empty name", 0, false},
	headFaultNameUpper:       {"a field name with an upper-case letter", 0, false},
	headFaultNameByte:        {"a field name with a byte that no token has", 0, false},
	headFaultControl:         {"a control character in a field value", 0, false},
	headFaultValueSpace:      {"a field value begins or ends with white space", 0, false},
	headFaultConnectionField: {"a field that is specific to a connection of HTTP/1.1", 0, false},

	headFaultPseudoLate:      {"a pseudo-field after a field", 0, false},
	headFaultPseudoUnknown:   {"a pseudo-field that no request has", 0, false},
	headFaultPseudoTwice:     {"the same pseudo-field twice", 0, false},
	headFaultPseudoTrailer:   {"a pseudo-field among the trailer fields", 0, false},
	headFaultMethodMissing:   {"no :method", 0, false},
	headFaultMethodByte:      {"the method is not a token", 0, false},
	headFaultMethodSize:      {"the method is longer than 32 bytes", 0, true},
	headFaultMethodRefused:   {"the methods CONNECT and TRACE are not served", message.CauseRequestMethod, true},
	headFaultConnectForm:     {"CONNECT with a :scheme or a :path and without a :protocol", 0, false},
	headFaultProtocolMethod:  {"a :protocol with another method than CONNECT", 0, false},
	headFaultProtocolEmpty:   {"the :protocol is empty", 0, false},
	headFaultProtocolRefused: {"CONNECT to another protocol than websocket is not served", message.CauseRequestMethod, true},
	headFaultSchemeMissing:   {"no :scheme", 0, false},
	headFaultSchemeForm:      {"the :scheme is not a scheme", 0, false},
	headFaultSchemeRefused:   {"the :scheme is neither http nor https", 0, true},
	headFaultPathMissing:     {"no :path", 0, false},
	headFaultPathEmpty:       {"the :path is empty", 0, false},
	headFaultPathForm:        {"the :path does not begin with a slash", 0, false},
	headFaultPathByte:        {"the :path has a byte that must be percent-encoded", 0, false},
	headFaultPathFragment:    {"the :path has a fragment", 0, false},
	headFaultPathAsterisk:    {"the :path * is for OPTIONS only", 0, false},

	headFaultAuthorityMissing: {"neither :authority nor Host, or CONNECT without :authority", 0, false},
	headFaultHostTwice:        {"more than one Host field", 0, false},
	headFaultHostDiffers:      {"the Host field is not the :authority", 0, false},
	headFaultHostEmpty:        {"the host is empty", 0, false},
	headFaultHostUserinfo:     {"the host is preceded by a user name", 0, false},
	headFaultHostByte:         {"the host has a byte that no host name has", 0, false},
	headFaultHostIP:           {"the host in brackets is not an IPv6 address", 0, false},
	headFaultHostSize:         {"the host is longer than 255 bytes", 0, false},
	headFaultHostPort:         {"the port is not a number up to 65535", 0, false},

	headFaultLengthTwice: {"more than one Content-Length field", 0, false},
	headFaultLengthForm:  {"the Content-Length is not one number of digits only, or is out of range", 0, false},
	headFaultLengthEnd:   {"a Content-Length above 0 where no content can follow", 0, false},
	headFaultTEForm:      {"the TE field is not trailers", 0, false},
	headFaultTETwice:     {"more than one TE field", 0, false},
	headFaultExpect:      {"an expectation other than 100-continue", message.CauseRequestExpectation, true},
}

// The failure of each fault, of a request's section and of a trailer section.
// Row headFaultNone is nil.
var (
	headFailures    = newHeadFailures(message.PhaseHead)
	trailerFailures = newHeadFailures(message.PhaseBody)
)

func newHeadFailures(phase message.Phase) (all [headFaults]*message.Failure) {
	for i := headFaultNone + 1; i < headFaults; i++ {
		row := headFaultRows[i]
		if row.cause == message.CauseNone {
			row.cause = message.CauseRequestInvalid
		}
		all[i] = &message.Failure{Party: message.PartyClient, Phase: phase, Cause: row.cause, Err: errors.New(row.words)}
	}
	return all
}

// hostFaults gives each fault of an authority its place among ours.
var hostFaults = [...]headFault{
	grammar.HostOK:       headFaultNone,
	grammar.HostEmpty:    headFaultHostEmpty,
	grammar.HostUserinfo: headFaultHostUserinfo,
	grammar.HostByte:     headFaultHostByte,
	grammar.HostIP:       headFaultHostIP,
	grammar.HostSize:     headFaultHostSize,
	grammar.HostPort:     headFaultHostPort,
}
