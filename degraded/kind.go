package degraded

import "sluice/message"

// Kind is what stands between a client and its answer, in the few ways that a
// person is told it. The log and Proxy-Status have the cause itself.
type Kind uint8

const (
	// Busy: there is more to do than the Pool bears.
	Busy Kind = iota
	// Down: no Upstream can be reached.
	Down
	// Unanswered: an Upstream was asked and gave no answer that could be used.
	// Nobody here knows whether it has done what the request asks for.
	Unanswered
	// Maintenance: the Site's owner has closed it for a while.
	Maintenance
	kinds // how many there are
)

// KindOf returns the Kind that a person is told of a cause. What no Kind is
// meant for is Unanswered: that claims the least, and has those who have sent
// an order look before they send it again.
func KindOf(c message.Cause) Kind {
	switch c {
	case message.CauseShed, message.CauseQueueFull, message.CauseQueueTimeout, message.CauseConnectionLimit:
		return Busy
	case message.CauseDNSTimeout, message.CauseDNSError,
		message.CauseDestinationNotFound, message.CauseDestinationUnavailable, message.CauseDestinationUnroutable,
		message.CauseConnectionRefused, message.CauseConnectionTimeout,
		message.CauseTLSProtocol, message.CauseTLSCertificate:
		return Down
	case message.CauseMaintenance:
		return Maintenance
	}
	return Unanswered
}

// word returns what stands for the Kind in the place of a CauseMarker.
func (k Kind) word() string {
	return [kinds]string{Busy: "busy", Down: "down", Unanswered: "unanswered", Maintenance: "maintenance"}[k]
}
