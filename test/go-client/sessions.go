package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	podule "podule.dev/podule/v1"
)

const chunkBytes = 1 << 20

type sessionReport struct {
	Pipelined int     `json:"pipelined"`
	Sum       int64   `json:"sum"`
	Type      string  `json:"type"`
	Released  string  `json:"released"`
	Origin    string  `json:"origin"`
	Large     float64 `json:"large"`
	Chunks    int     `json:"chunks"`
	Resumed   int     `json:"resumed"`
	Kept      int64   `json:"kept"`
	Lost      string  `json:"lost"`
}

func sessions(ctx context.Context, calls podule.CallsClient, r *report) error {
	s, err := openSession(ctx, calls, "numpy")
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, *session, *sessionReport) error{pipelined, objects, chunked, resumed} {
		if err := step(ctx, s, &r.Session); err != nil {
			return err
		}
	}
	if err := s.close(); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		r.Session.Lost = details(err).Reason
	}
	return nil
}

// A hundred calls in one message.
func pipelined(ctx context.Context, s *session, r *sessionReport) error {
	var frames []*podule.ClientFrame
	for i := range int64(100) {
		frames = append(frames, s.call(&podule.CallRequest{Function: "add", Args: []*podule.Value{integer(i), integer(1)}}))
	}
	if err := s.send(frames...); err != nil {
		return err
	}
	results, err := s.results(ctx, len(frames))
	if err != nil {
		return err
	}
	for i, frame := range frames {
		if results[frame.GetCall().GetId()].GetResult().GetResponse().GetResult().GetInt() == int64(i)+1 {
			r.Pipelined++
		}
	}
	return nil
}

// An array that stays there is summed by a call sent with it; once released it is not there, and what depends on that fails too.
func objects(ctx context.Context, s *session, r *sessionReport) error {
	list := &podule.Value{Kind: &podule.Value_List{List: &podule.ListValue{Ints: []int64{1, 2, 3, 4}}}}
	array := s.call(&podule.CallRequest{Function: "array", Args: []*podule.Value{list}, ResultMode: podule.CallRequest_OBJECT})
	held := object(array.GetCall().GetId())
	sum := s.call(&podule.CallRequest{Function: "sum", Args: []*podule.Value{held}})
	if err := s.send(array, sum); err != nil {
		return err
	}
	results, err := s.results(ctx, 2)
	if err != nil {
		return err
	}
	r.Type = results[array.GetCall().GetId()].GetResult().GetResponse().GetResult().GetObject().GetType()
	r.Sum = results[sum.GetCall().GetId()].GetResult().GetResponse().GetResult().GetInt()

	release := &podule.ReleaseFrame{Ids: []uint64{array.GetCall().GetId()}}
	missing := s.call(&podule.CallRequest{Target: held, Function: "sum"})
	dependent := s.call(&podule.CallRequest{Target: object(missing.GetCall().GetId()), Function: "item"})
	if err := s.send(&podule.ClientFrame{Frame: &podule.ClientFrame_Release{Release: release}}, missing, dependent); err != nil {
		return err
	}
	results, err = s.results(ctx, 2)
	if err != nil {
		return err
	}
	r.Released = info(results[missing.GetCall().GetId()]).GetReason()
	if info(results[dependent.GetCall().GetId()]).GetMetadata()["origin"] == fmt.Sprint(missing.GetCall().GetId()) {
		r.Origin = "told"
	}
	return nil
}

// 8 MB of floats, in pieces ahead of the call that uses them.
func chunked(ctx context.Context, s *session, r *sessionReport) error {
	row := make([]float64, 1_000_000)
	for i := range row {
		row[i] = float64(i)
	}
	call := s.call(&podule.CallRequest{Function: "sum", Args: []*podule.Value{matrix([][]float64{row})}})
	body, err := proto.Marshal(call.GetCall().GetRequest())
	if err != nil {
		return err
	}
	call.GetCall().Request = nil
	for rest := body; len(rest) > 0; r.Chunks++ {
		size := min(len(rest), chunkBytes)
		chunk := &podule.ChunkFrame{Id: call.GetCall().GetId(), Data: rest[:size], Total: uint64(len(body))}
		// At most 4 MiB may be unacknowledged.
		if err := s.waitForRoom(ctx, size); err != nil {
			return err
		}
		if err := s.send(&podule.ClientFrame{Frame: &podule.ClientFrame_Chunk{Chunk: chunk}}); err != nil {
			return err
		}
		rest = rest[size:]
	}
	if err := s.send(call); err != nil {
		return err
	}
	results, err := s.results(ctx, 1)
	if err != nil {
		return err
	}
	result := results[call.GetCall().GetId()]
	if result.GetError() != nil {
		return fmt.Errorf("8 MB in chunks: %v", result.GetError())
	}
	r.Large = result.GetResult().GetResponse().GetResult().GetFloat()
	return nil
}

// Streams that break under calls: each is answered once, on whichever stream, and the object is still there.
func resumed(ctx context.Context, s *session, r *sessionReport) error {
	kept := s.call(&podule.CallRequest{Function: "arange", Args: []*podule.Value{integer(5)}, ResultMode: podule.CallRequest_OBJECT})
	frames := []*podule.ClientFrame{kept}
	for i := range int64(300) {
		frames = append(frames, s.call(&podule.CallRequest{Function: "add", Args: []*podule.Value{integer(i), integer(i)}}))
	}
	for i := 0; i < len(frames); i += 100 {
		if err := s.send(frames[i:min(i+100, len(frames))]...); err != nil {
			return err
		}
		s.breakStream()
		time.Sleep(50 * time.Millisecond)
		if err := s.open(ctx); err != nil {
			return fmt.Errorf("going on with the session: %w", err)
		}
	}
	results, err := s.results(ctx, len(frames))
	if err != nil {
		return err
	}
	for i, frame := range frames[1:] {
		if results[frame.GetCall().GetId()].GetResult().GetResponse().GetResult().GetInt() == 2*int64(i) {
			r.Resumed++
		}
	}
	sum := s.call(&podule.CallRequest{Target: object(kept.GetCall().GetId()), Function: "sum"})
	if err := s.send(sum); err != nil {
		return err
	}
	results, err = s.results(ctx, 1)
	if err != nil {
		return err
	}
	r.Kept = results[sum.GetCall().GetId()].GetResult().GetResponse().GetResult().GetInt()
	return nil
}

func (s *session) waitForRoom(ctx context.Context, size int) error {
	for ctx.Err() == nil {
		s.mutex.Lock()
		for _, frame := range s.kept {
			size += proto.Size(frame)
		}
		s.mutex.Unlock()
		if size <= 4<<20 {
			return nil
		}
		size = chunkBytes
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

func object(id uint64) *podule.Value {
	return &podule.Value{Kind: &podule.Value_Object{Object: &podule.ObjectRef{Id: id}}}
}

func info(frame *podule.ServerFrame) *errdetails.ErrorInfo {
	for _, detail := range status.FromProto(frame.GetError().GetStatus()).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info
		}
	}
	return nil
}
