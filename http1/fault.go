package http1

import (
	"errors"

	"sluice/message"
)

// fault is one way in which bytes from a peer break the rules. The functions
// that look at bytes return a fault, because they cannot know who sent them;
// those that others call turn it into the Failure of the right party by one
// of the four tables below, which are built once: refusing allocates nothing.
type fault uint8

const (
	faultNone fault = iota

	// Sizes.
	faultHeadSize
	faultLineSize
	faultFieldCount
	faultNominatedCount

	// Lines and fields.
	faultBareLF
	faultBareCR
	faultControl
	faultUnfinished
	faultFold
	faultFieldNoColon
	faultFieldNameEmpty
	faultFieldNameSpace
	faultFieldNameByte

	// The request line.
	faultRequestLineEmpty
	faultMethodByte
	faultMethodSize
	faultMethodRefused
	faultTargetEmpty
	faultTargetByte
	faultTargetFragment
	faultTargetForm
	faultTargetAsterisk
	faultTargetHost
	faultVersionMissing
	faultVersionForm
	faultVersion

	// The status line.
	faultStatusLine
	faultStatusCode

	// Fields that Sluice decides on.
	faultHostMissing
	faultHostTwice
	faultHostEmpty
	faultHostUserinfo
	faultHostByte
	faultHostIP
	faultHostSize
	faultHostPort
	faultConnectionByte
	faultConnectionNominates
	faultUpgradeForm
	faultUpgradeTwice
	faultExpect

	// Framing.
	faultLengthTwice
	faultLengthForm
	faultLengthAndCoding
	faultCodingTwice
	faultCodingForm
	faultCodingNotChunked
	faultCodingUnknown
	faultCodingVersion
	faultCodingStatus
	faultLengthStatus

	// A chunked body.
	faultChunkSizeForm
	faultChunkSizeRange
	faultChunkExtension
	faultChunkExtensionSize
	faultChunkExtensionTotal
	faultChunkDataEnd
	faultTrailerSize
	faultTrailerCount

	faults
)

// faultRows gives each fault its words, and the cause where that is not plain
// CauseRequestInvalid (client) or CauseResponseInvalid (upstream).
var faultRows = [faults]struct {
	words            string
	client, upstream message.Cause
}{
	faultHeadSize:       {"the head is larger than the limit", message.CauseRequestHeadSize, message.CauseResponseHeadSize},
	faultLineSize:       {"the request line is longer than the limit", message.CauseRequestTargetSize, 0},
	faultFieldCount:     {"the head has more field lines than the limit", message.CauseRequestHeadSize, message.CauseResponseHeadSize},
	faultNominatedCount: {"the Connection field nominates too many fields", message.CauseRequestHeadSize, message.CauseResponseHeadSize},

	faultBareLF:         {"a line ends in LF without CR", 0, 0},
	faultBareCR:         {"a CR without LF", 0, 0},
	faultControl:        {"a control character", 0, 0},
	faultUnfinished:     {"the head does not end in exactly one empty line", 0, 0},
	faultFold:           {"a line begins with white space", 0, 0},
	faultFieldNoColon:   {"a field line without a colon", 0, 0},
	faultFieldNameEmpty: {"a field with an empty name", 0, 0},
	faultFieldNameSpace: {"white space before the colon of a field", 0, 0},
	faultFieldNameByte:  {"a field name with a byte that no token has", 0, 0},

	faultRequestLineEmpty: {"more than one empty line before the request line", 0, 0},
	faultMethodByte:       {"the method is not a token followed by one space", 0, 0},
	faultMethodSize:       {"the method is longer than 32 bytes", 0, 0},
	faultMethodRefused:    {"the methods CONNECT and TRACE are not served", message.CauseRequestMethod, 0},
	faultTargetEmpty:      {"the request target is empty, or follows more than one space", 0, 0},
	faultTargetByte:       {"the request target has a byte that must be percent-encoded", 0, 0},
	faultTargetFragment:   {"the request target has a fragment", 0, 0},
	faultTargetForm:       {"the request target is neither a path nor an absolute http URI", 0, 0},
	faultTargetAsterisk:   {"the request target * is for OPTIONS only", 0, 0},
	faultTargetHost:       {"the host of the request target is not that of the Host field", 0, 0},
	faultVersionMissing:   {"the request line has no version", 0, 0},
	faultVersionForm:      {"the version is not one space, HTTP/1.1 and the line's end", 0, 0},
	faultVersion:          {"the version of HTTP is not 1.0 or 1.1", message.CauseRequestVersion, 0},

	faultStatusLine: {"the status line is not HTTP/1.1, a space, a status code, a space and a reason", 0, 0},
	faultStatusCode: {"the status code is not a number from 100 to 999", 0, 0},

	faultHostMissing:         {"HTTP/1.1 without a Host field", 0, 0},
	faultHostTwice:           {"more than one Host field", 0, 0},
	faultHostEmpty:           {"the host is empty", 0, 0},
	faultHostUserinfo:        {"the host is preceded by a user name", 0, 0},
	faultHostByte:            {"the host has a byte that no host name has", 0, 0},
	faultHostIP:              {"the host in brackets is not an IPv6 address", 0, 0},
	faultHostSize:            {"the host is longer than 255 bytes", 0, 0},
	faultHostPort:            {"the port is not a number up to 65535", 0, 0},
	faultConnectionByte:      {"the Connection field is not a list of tokens", 0, 0},
	faultConnectionNominates: {"the Connection field nominates a field that is meant for the other end", 0, 0},
	faultUpgradeForm:         {"the Upgrade field is not a list of protocols", 0, 0},
	faultUpgradeTwice:        {"more than one Upgrade field", 0, 0},
	faultExpect:              {"an expectation other than 100-continue", message.CauseRequestExpectation, 0},

	faultLengthTwice:      {"more than one Content-Length field", 0, 0},
	faultLengthForm:       {"the Content-Length is not one number of digits only, or is out of range", 0, 0},
	faultLengthAndCoding:  {"both Content-Length and Transfer-Encoding", 0, 0},
	faultCodingTwice:      {"more than one Transfer-Encoding field", 0, 0},
	faultCodingForm:       {"the Transfer-Encoding is not a list of codings that ends in chunked, once", 0, 0},
	faultCodingNotChunked: {"the last transfer coding is not chunked", 0, 0},
	faultCodingUnknown:    {"a transfer coding other than chunked", message.CauseRequestFraming, 0},
	faultCodingVersion:    {"Transfer-Encoding with HTTP/1.0", 0, 0},
	faultCodingStatus:     {"Transfer-Encoding with a status that has no content", 0, 0},
	faultLengthStatus:     {"a Content-Length above 0 with a status that has no content", 0, 0},

	faultChunkSizeForm:       {"a chunk size is not 1 to 16 hexadecimal digits followed by CRLF or an extension", 0, 0},
	faultChunkSizeRange:      {"a chunk size is out of range", 0, 0},
	faultChunkExtension:      {"a chunk extension is malformed", 0, 0},
	faultChunkExtensionSize:  {"the extensions of a chunk are longer than 256 bytes", 0, 0},
	faultChunkExtensionTotal: {"the body has far more chunk extensions than data", 0, 0},
	faultChunkDataEnd:        {"the data of a chunk is not followed by CRLF", 0, 0},
	faultTrailerSize:         {"the trailer section is larger than 8 KiB", message.CauseRequestHeadSize, 0},
	faultTrailerCount:        {"the trailer section has more than 32 fields", message.CauseRequestHeadSize, 0},
}

// The failure of each fault, by who sent what. Row faultNone is nil.
var (
	requestFailures      = newFailures(message.PartyClient, message.PhaseHead)
	requestBodyFailures  = newFailures(message.PartyClient, message.PhaseBody)
	responseFailures     = newFailures(message.PartyUpstream, message.PhaseWait)
	responseBodyFailures = newFailures(message.PartyUpstream, message.PhaseBody)
)

func newFailures(party message.Party, phase message.Phase) (all [faults]*message.Failure) {
	for i := faultNone + 1; i < faults; i++ {
		row := faultRows[i]
		f := &message.Failure{Party: party, Phase: phase, Err: errors.New(row.words)}
		switch {
		case party == message.PartyClient:
			f.Cause = orCause(row.client, message.CauseRequestInvalid)
		case phase == message.PhaseBody:
			f.Cause = message.CauseResponseBodyInvalid
		default:
			// The upstream answered, so it may have acted on the request;
			// but another one may answer well.
			f.Cause = orCause(row.upstream, message.CauseResponseInvalid)
			f.Again = message.AgainIdempotent
		}
		all[i] = f
	}
	return all
}

func orCause(c, otherwise message.Cause) message.Cause {
	if c != message.CauseNone {
		return c
	}
	return otherwise
}
