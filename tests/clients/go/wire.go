package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/proto"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

// The frames below gRPC: clients decide by them whether their own retry rules may still work.

// One HEADERS frame of an answer.
type headerBlock struct {
	fields     map[string]string
	endsStream bool
}

// The HEADERS frames of the answer to one call, and how many bytes of DATA came with them.
func (c *client) exchange(
	method string, message proto.Message, headers ...hpack.HeaderField,
) (blocks []headerBlock, data int) {
	connection, err := net.DialTimeout("tcp", c.address, callTimeout)
	check(err == nil, "%v", err)
	defer connection.Close()
	err = connection.SetDeadline(time.Now().Add(callTimeout))
	check(err == nil, "%v", err)

	framer := http2.NewFramer(connection, connection)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	writeCall(connection, framer, method, message, headers)
	for {
		frame, err := framer.ReadFrame()
		check(err == nil, "%v", err)
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				check(framer.WriteSettingsAck() == nil, "cannot write")
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				check(framer.WritePing(true, frame.Data) == nil, "cannot write")
			}
		case *http2.DataFrame:
			data += len(frame.Data())
			check(!frame.StreamEnded(), "the stream ends without trailers")
		case *http2.MetaHeadersFrame:
			block := headerBlock{fields: map[string]string{}, endsStream: frame.StreamEnded()}
			for _, field := range frame.Fields {
				block.fields[field.Name] = field.Value
			}
			blocks = append(blocks, block)
			if block.endsStream {
				return blocks, data
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			check(false, "the server gave up: %v", frame)
		}
	}
}

func writeCall(
	connection io.Writer, framer *http2.Framer, method string, message proto.Message, headers []hpack.HeaderField,
) {
	content, err := proto.Marshal(message)
	check(err == nil, "%v", err)
	body := make([]byte, 5, 5+len(content)) // not compressed, then the length
	binary.BigEndian.PutUint32(body[1:], uint32(len(content)))
	body = append(body, content...)

	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	all := append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"},
		{Name: ":path", Value: "/sessiongateway.v1.SessionGateway/" + method}, {Name: ":authority", Value: "gateway"},
		{Name: "te", Value: "trailers"}, {Name: "content-type", Value: "application/grpc"},
	}, headers...)
	for _, field := range all {
		check(encoder.WriteField(field) == nil, "cannot encode %s", field.Name)
	}
	_, err = io.WriteString(connection, http2.ClientPreface)
	check(err == nil, "%v", err)
	check(framer.WriteSettings() == nil, "cannot write")
	check(framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true,
	}) == nil, "cannot write")
	check(framer.WriteData(1, true, body) == nil, "cannot write")
}

// Trailers-Only: one HEADERS frame that says everything and ends the stream.
func expectTrailersOnly(blocks []headerBlock, data int, what, status, outcome, pushback string) {
	check(len(blocks) == 1 && blocks[0].endsStream && data == 0, "%s is not Trailers-Only: %v", what, blocks)
	fields := blocks[0].fields
	equal(fields[":status"], "200", what+": :status")
	equal(fields["content-type"], "application/grpc", what+": content-type")
	equal(fields["grpc-status"], status, what+": grpc-status")
	equal(fields["session-gateway-outcome"], outcome, what+": outcome")
	equal(fields["grpc-retry-pushback-ms"], pushback, what+": pushback")
	check(fields["grpc-status-details-bin"] != "", "%s has no details", what)
}

func runWire(c *client) {
	good := &pb.CreateSessionRequest{ApplicationName: proto.String(application)}
	blocks, data := c.exchange("CreateSession", &pb.CreateSessionRequest{})
	expectTrailersOnly(blocks, data, "a refusal before anything is sent", "3", "not_sent", "")

	c.symphony.addFault(values{"kind": "status", "status": 503})
	blocks, data = c.exchange("CreateSession", good)
	expectTrailersOnly(blocks, data, "a failure of the upstream", "2", "unknown", "-1")

	c.qlik.addFault(values{"kind": "status", "status": 409})
	blocks, data = c.exchange("CreateExecutionSession",
		&pb.CreateExecutionSessionRequest{ExecutionSession: &pb.ExecutionSession{}})
	expectTrailersOnly(blocks, data, "a refusal of the upstream", "6", "refused", "")

	c.symphony.addFault(values{"kind": "delay", "ms": delay})
	blocks, data = c.exchange("CreateSession", good, hpack.HeaderField{Name: "grpc-timeout", Value: "1500m"})
	expectTrailersOnly(blocks, data, "a deadline", "4", "unknown", "-1")

	blocks, data = c.exchange("CreateSession", good)
	check(len(blocks) == 2 && data > 5, "a success has headers, a message and trailers: %v", blocks)
	_, early := blocks[0].fields["grpc-status"]
	check(!blocks[0].endsStream && !early, "the first headers of a success: %v", blocks[0])
	equal(blocks[1].fields["grpc-status"], "0", "the trailers of a success")
}
