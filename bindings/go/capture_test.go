// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// captured is a change table of a source on this server, whose target is a file.
func captured(t *testing.T, server *Database, options Options) (*Capture, *Database) {
	t.Helper()
	fill(t, server, "go_orders", 10)
	lake := sqlite(t, "lake")
	capture := made[*Capture](t)(NewCapture(server, "go_orders", lake, "orders", Options{"key": "id"}.with(options)))
	t.Cleanup(func() { capture.Close() })
	must(t, capture.Install(bg))
	must(t, capture.Load(bg))
	equal(t, "rows at first", cell(t, lake, "SELECT count(*) FROM orders"), "10")
	return capture, lake
}

func TestAChangeTableBringsEveryChange(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		capture, lake := captured(t, server, nil)
		made[int64](t)(server.Execute(bg, "UPDATE go_orders SET state = 'sent' WHERE id = 3"))
		made[int64](t)(server.Execute(bg, "DELETE FROM go_orders WHERE id = 4"))
		waiting, _, err := capture.Pending(bg)
		must(t, err)
		equal(t, "changes that wait", waiting, 2)
		must(t, capture.Run(bg))
		equal(t, "changes consumed", capture.Consumed(), 2)
		equal(t, "rows written", capture.RowsWritten(), 1)
		equal(t, "rows deleted", capture.RowsDeleted(), 1)
		equal(t, "sent orders", cell(t, lake, "SELECT count(*) FROM orders WHERE state = 'sent'"), "1")
		equal(t, "orders", cell(t, lake, "SELECT count(*) FROM orders"), "9")

		made[int64](t)(server.Execute(bg, "DELETE FROM go_orders WHERE id = 5"))
		step := made[*Step](t)(NewCaptureStep(capture))
		defer step.Close()
		run := made[*Run](t)(step.Run(bg))
		defer run.Close()
		equal(t, "rows that the step deleted", run.RowsDeleted(), 1)
		must(t, capture.Remove(bg))
		if err := capture.Run(bg); !errors.Is(err, ErrState) {
			t.Fatalf("told: %v", err)
		}
	})
}

func TestAContextEndsTheFollowingOfAChangeTable(t *testing.T) { followingEnds(t, false) }

func TestAContextEndsTheFollowingOfAChangeTableThatWasClosed(t *testing.T) { followingEnds(t, true) }

func followingEnds(t *testing.T, closed bool) {
	onEach(t, func(t *testing.T, server *Database) {
		capture, lake := captured(t, server, Options{"until": "cancelled"})
		defer func() {
			other := made[*Capture](t)(NewCapture(server, "go_orders", lake, "orders", Options{"key": "id"}))
			defer other.Close()
			must(t, other.Remove(bg))
		}()
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- capture.Run(ctx) }()
		made[int64](t)(server.Execute(bg, "UPDATE go_orders SET state = 'sent' WHERE id = 3"))
		for until := time.Now().Add(patience); cell(t, lake, "SELECT count(*) FROM orders WHERE state = 'sent'") == "0"; {
			if time.Now().After(until) {
				t.Fatal("the change does not come")
			}
			time.Sleep(5 * time.Millisecond)
		}
		if closed {
			must(t, capture.Close())
		}
		begun := time.Now()
		cancel()
		if err := answer(t, ended); !errors.Is(err, context.Canceled) {
			t.Fatalf("told: %v", err)
		}
		if took := time.Since(begun); took > 500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestMessagesInDebeziumsForm(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	fill(t, lake, "orders", 10)
	target := made[*Changes](t)(lake.Changes("orders", Options{"key": "id"}))
	defer target.Close()
	var sent []Message
	writer := made[*Debezium](t)(NewDebezium(source, "orders", func(message Message) error {
		sent = append(sent, message)
		return target.PushDebezium(message.Key, message.Value, Position{})
	}, Options{"key": "id", "name": "shop"}))
	defer writer.Close()
	if topic := writer.Topic(); !strings.HasPrefix(topic, "shop.") || !strings.HasSuffix(topic, ".orders") {
		t.Fatalf("the topic is %s", topic)
	}
	row := Row{"id": 3, "state": "sent", "updated_at": "2024-03-01 00:00:00"}
	must(t, writer.Write(Update, nil, row, Position{}, time.Time{}))
	must(t, writer.Write(Delete, nil, Row{"id": 4}, Position{}, time.Now()))
	must(t, writer.Write(Update, Row{"id": 5}, Row{"id": 55, "state": "moved", "updated_at": "2024-03-01 00:00:00"},
		Position{}, time.Time{}))
	equal(t, "messages", len(sent), 6)
	if sent[2].Value != nil || sent[0].HeaderName != "" || sent[3].HeaderName != "__debezium.newkey" ||
		sent[5].HeaderName != "__debezium.oldkey" || !strings.Contains(sent[5].HeaderValue, "5") {
		t.Fatalf("sent: %q", sent)
	}
	must(t, target.Commit(bg))
	equal(t, "orders", cell(t, lake, "SELECT count(*) FROM orders"), "9")
	equal(t, "the moved order", cell(t, lake, "SELECT state FROM orders WHERE id = 55"), "moved")
}

func TestAFunctionThatCannotSendEndsTheEvent(t *testing.T) {
	down := errors.New("the broker is down")
	writer := made[*Debezium](t)(NewDebezium(shop(t), "orders", func(Message) error { return down }))
	defer writer.Close()
	row := Row{"id": 3, "state": "sent", "updated_at": "2024-03-01 00:00:00"}
	if err := writer.Write(Insert, nil, row, Position{}, time.Time{}); !errors.Is(err, down) ||
		!errors.Is(err, ErrCallback) {
		t.Fatalf("told: %v", err)
	}
	panics := made[*Debezium](t)(NewDebezium(shop(t), "orders", func(Message) error { panic("odd") }))
	defer panics.Close()
	var panicked *PanicError
	if err := panics.Write(Insert, nil, row, Position{}, time.Time{}); !errors.As(err, &panicked) {
		t.Fatalf("told: %v", err)
	}
	other := made[*Debezium](t)(NewDebezium(shop(t), "orders", func(Message) error { return nil }))
	defer other.Close()
	must(t, other.Write(Insert, nil, row, Position{}, time.Time{}))
}
