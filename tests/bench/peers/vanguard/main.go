// vanguard-go's transcoder from gRPC to REST before a reverse proxy, as its documentation has it.
//
//	vanguard UPSTREAM     host:port; prints `port N`
package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"time"

	"connectrpc.com/vanguard"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
	_ "google.golang.org/genproto/googleapis/api/annotations" // for the rules in the contract
	"google.golang.org/protobuf/encoding/protojson"

	"peers/contract"
)

const copyBytes = 32 << 10

type pool struct{ sync.Pool }

func (p *pool) Get() []byte      { return *p.Pool.Get().(*[]byte) }
func (p *pool) Put(bytes []byte) { p.Pool.Put(&bytes) }

func newPool() *pool {
	return &pool{sync.Pool{New: func() any { bytes := make([]byte, copyBytes); return &bytes }}}
}

// Members that are not set are left out, and enums are numbers, as the APIs have them.
func codec(types vanguard.TypeResolver) vanguard.Codec {
	return &vanguard.JSONCodec{
		MarshalOptions:   protojson.MarshalOptions{Resolver: types, UseEnumNumbers: true},
		UnmarshalOptions: protojson.UnmarshalOptions{Resolver: types, DiscardUnknown: true},
	}
}

func run(upstream string) error {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: upstream})
	proxy.BufferPool = newPool()
	proxy.Transport = &http.Transport{
		MaxIdleConns: 8192, MaxIdleConnsPerHost: 8192, IdleConnTimeout: time.Minute,
	}
	service := vanguard.NewService(string(contract.File_sessiongateway_v1_session_gateway_proto.Services().Get(0).FullName()),
		proxy, vanguard.WithTargetProtocols(vanguard.ProtocolREST))
	handler, err := vanguard.NewTranscoder([]*vanguard.Service{service}, vanguard.WithCodec(codec))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: h2c.NewHandler(handler, &http2.Server{MaxConcurrentStreams: 8192})}
	return server.Serve(listener)
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
