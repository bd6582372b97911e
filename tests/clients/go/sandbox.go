package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// One upstream of the sandbox, through its control plane.
type sandbox struct{ endpoint string }

type counters struct{ Requests, Creates int }

type seenRequest struct {
	Target, Body string
	Headers      []struct{ Name string }
}

var controlClient = http.Client{Timeout: 10 * time.Second}

func (s sandbox) do(method, name string, body []byte) []byte {
	request, err := http.NewRequest(method, s.endpoint+"/sandbox/"+name, bytes.NewReader(body))
	check(err == nil, "%v", err)
	answer, err := controlClient.Do(request)
	check(err == nil, "%v", err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err == nil && answer.StatusCode == http.StatusOK, "%s: %d %s", name, answer.StatusCode, text)
	return text
}

// Numbers keep their digits.
func decode(text []byte, to interface{}) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(to)
	check(err == nil, "%v in %.200s", err, text)
}

func (s sandbox) counters() (now counters) {
	decode(s.do(http.MethodGet, "counters", nil), &now)
	return now
}

func (s sandbox) lastRequest() seenRequest {
	var seen []seenRequest
	decode(s.do(http.MethodGet, "requests", nil), &seen)
	check(len(seen) > 0, "the sandbox has seen no request")
	return seen[len(seen)-1]
}

func (s sandbox) lastRow() map[string]interface{} {
	var rows []map[string]interface{}
	decode(s.do(http.MethodGet, "rows", nil), &rows)
	check(len(rows) > 0, "the sandbox has no row")
	return rows[len(rows)-1]
}

func (s sandbox) addFault(fault interface{}) {
	text, err := json.Marshal(fault)
	check(err == nil, "%v", err)
	s.do(http.MethodPost, "faults", text)
}

// Forgets those that no request has met.
func (c *client) clearFaults() {
	c.symphony.do(http.MethodDelete, "faults", nil)
	c.qlik.do(http.MethodDelete, "faults", nil)
}
