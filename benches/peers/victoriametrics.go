// Times VictoriaMetrics' parser over pages: the least nanoseconds a sample of all passes of two seconds.
//
// Debian has its sources: golang-github-victoriametrics-victoriametrics-dev and what that builds on
// (…-victoriametrics-metrics-dev, …-victoriametrics-metricsql-dev, …-valyala-{fastjson,fastrand,histogram,gozstd}-dev,
// …-klauspost-compress-dev), in /usr/share/gocode; benches/run calls this with GOPATH there.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/protoparser/prometheus"
)

func main() {
	for _, path := range os.Args[1:] {
		page, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		text := string(page)
		var rows prometheus.Rows
		parsed, breaks := time.Hour, time.Hour
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
			start := time.Now()
			rows.UnmarshalWithErrLogger(text, func(string) {})
			parsed = least(parsed, time.Since(start))
			start = time.Now()
			bytes.Count(page, []byte("\n"))
			breaks = least(breaks, time.Since(start))
		}
		samples := len(rows.Rows)
		fmt.Printf("%s: %d samples, line breaks %.1f ns, parsed %.1f ns a sample\n", filepath.Base(path), samples,
			float64(breaks)/float64(samples), float64(parsed)/float64(samples))
	}
}

func least(one, other time.Duration) time.Duration {
	if one < other {
		return one
	}
	return other
}
