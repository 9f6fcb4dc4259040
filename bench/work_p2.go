package main

// worksP2 is what browsers and mini programs do: HTTP/2. How much a proxy can
// do at once depends on how many streams share a connection, hence three.
func worksP2() []work {
	return []work{
		workHTTP2("P2", "HTTPS/2, 32 x 10 streams, one core", 1, load{path: smallPath, connections: 32, streams: 10}, goal{ask: 0.90, aim: 0.75}),
		workHTTP2("P2-1", "HTTPS/2, 64 x 1 stream, one core", 1, load{path: smallPath, connections: 64, streams: 1}, goal{ask: 1.00}),
		workHTTP2("P2-100", "HTTPS/2, 8 x 100 streams, one core", 1, load{path: smallPath, connections: 8, streams: 100}, goal{ask: 1.00}),
		workHTTP2("P2-2cores", "HTTPS/2, 32 x 10 streams, two cores", 2, load{path: smallPath, connections: 32, streams: 10}, goal{}),
		workHTTP2("P2-body", "HTTPS/2, 100 KB, 32 x 10 streams", 1, load{path: mediumPath, connections: 32, streams: 10, perByte: true}, goal{}),
	}
}

func workHTTP2(id, name string, proxyCores int, l load, g goal) work {
	w := work{
		id: id, name: name, title: name + ", small answer", unit: "CPU µs/request",
		proxyCores: proxyCores, entrants: everyone, measure: underLoad(l), against: peers(), goal: g,
		notes: []string{"By h2load; connections x streams at a time on each."},
	}
	if l.perByte {
		w.title, w.unit = name, "CPU ns/byte"
	}
	if g.ask == 0 {
		w.notes = append(w.notes, "For information: nothing is asked here.")
	}
	return w
}
