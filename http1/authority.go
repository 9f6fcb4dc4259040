package http1

import "sluice/grammar"

// hostFaults gives each fault of an authority its place among ours.
var hostFaults = [...]fault{
	grammar.HostOK:       faultNone,
	grammar.HostEmpty:    faultHostEmpty,
	grammar.HostUserinfo: faultHostUserinfo,
	grammar.HostByte:     faultHostByte,
	grammar.HostIP:       faultHostIP,
	grammar.HostSize:     faultHostSize,
	grammar.HostPort:     faultHostPort,
}

// authorityFault says what is wrong with host[:port], from a Host field or
// an absolute request target.
func authorityFault(b []byte) fault { return hostFaults[grammar.CheckAuthority(b)] }
