package limiter

import (
	"testing"
	"time"
)

// An Exchange for which there is a place: Enter, Head, Leave.
func BenchmarkAdmissionFast(b *testing.B) {
	a := NewAdmission(AdmissionOptions{})
	var w Waiter
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		a.Enter(&w, Priority{}, now)
		a.Head(&w, now)
		a.Leave(&w, now)
	}
}

func BenchmarkAdmissionFastParallel(b *testing.B) {
	a := NewAdmission(AdmissionOptions{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var w Waiter
		now := time.Now()
		for pb.Next() {
			a.Enter(&w, Priority{}, now)
			a.Head(&w, now)
			a.Leave(&w, now)
		}
	})
}

// A refusal by the gate.
func BenchmarkAdmissionRefuse(b *testing.B) {
	a := NewAdmission(AdmissionOptions{Limit: 1})
	shut(a)
	var w Waiter
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		a.Enter(&w, Priority{Hash: 1}, now)
	}
}

func BenchmarkAdmissionRefuseParallel(b *testing.B) {
	a := NewAdmission(AdmissionOptions{Limit: 1})
	shut(a)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var w Waiter
		now := time.Now()
		for i := uint32(0); pb.Next(); i++ {
			a.Enter(&w, Priority{Hash: i * 2654435761}, now)
		}
	})
}

// Twice as many goroutines as places: nearly all wait for one another.
func BenchmarkAdmissionQueue(b *testing.B) {
	a := NewAdmission(AdmissionOptions{Limit: 4, MaxWait: time.Minute, Target: time.Minute})
	b.ReportAllocs()
	b.SetParallelism(2)
	b.RunParallel(func(pb *testing.PB) {
		var w Waiter
		for pb.Next() {
			a.Enter(&w, Priority{}, time.Now())
			a.Leave(&w, time.Now())
		}
	})
}

// What is done every 100 ms, with the lock held.
func BenchmarkAdmissionLook(b *testing.B) {
	a := NewAdmission(AdmissionOptions{})
	a.codel.standing = true
	now := time.Duration(0)
	for b.Loop() {
		now += lookEvery
		a.look(now)
	}
}
