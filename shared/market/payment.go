package market

import (
	"salesburst/shared/contract"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// method is a way to pay. The shares of the methods are assumptions after the usual
// order of methods in the United States.
type method struct {
	name      string
	share     uint64 // percent of the channel's sales
	fails     uint64 // of 1000 attempts
	failures  []outcome
	text      sale.Text
	byFailure prng.Table
}

// outcome is how a sale ends.
type outcome struct {
	status sale.Status
	reason sale.Text
	share  uint64 // of 100 failures
}

func failure(share uint64, status sale.Status, reason string) outcome {
	return outcome{status, sale.NewText(reason), share}
}

var (
	completed   = outcome{status: sale.Completed}
	gatewayDown = failure(0, sale.FailedAPIResponse, "gateway_unavailable")
)

// Reasons why a payment fails: insufficient funds 57 % of declines, expired cards 10 to
// 12, wrong details 8 to 10, fraud rules 15 to 20; the rest is technical. Other kinds
// of methods than cards are assumptions.
var (
	cardFailures = []outcome{
		failure(57, sale.InsufficientFunds, "insufficient_funds"),
		failure(17, sale.Fraud, "fraud_suspected"),
		failure(11, sale.UserError, "card_expired"),
		failure(9, sale.UserError, "wrong_details"),
		failure(3, sale.FailedAPIResponse, "gateway_timeout"),
		failure(3, sale.FailedCheckout, "session_expired"),
	}
	terminalFailures = []outcome{
		failure(57, sale.InsufficientFunds, "insufficient_funds"),
		failure(15, sale.Fraud, "fraud_suspected"),
		failure(12, sale.UserError, "card_expired"),
		failure(10, sale.UserError, "wrong_pin"),
		failure(6, sale.FailedAPIResponse, "gateway_timeout"),
	}
	accountFailures = []outcome{
		failure(52, sale.InsufficientFunds, "insufficient_funds"),
		failure(18, sale.Fraud, "fraud_suspected"),
		failure(16, sale.UserError, "login_failed"),
		failure(7, sale.FailedAPIResponse, "gateway_timeout"),
		failure(7, sale.FailedCheckout, "session_expired"),
	}
	creditFailures = []outcome{
		failure(60, sale.InsufficientFunds, "credit_declined"),
		failure(20, sale.Fraud, "fraud_suspected"),
		failure(10, sale.FailedAPIResponse, "gateway_timeout"),
		failure(10, sale.FailedCheckout, "session_expired"),
	}
	giftCardFailures = []outcome{
		failure(80, sale.InsufficientFunds, "insufficient_funds"),
		failure(20, sale.UserError, "card_expired"),
	}
	cashFailures = []outcome{failure(100, sale.FailedCheckout, "abandoned_at_register")}
)

// Failing attempts: 13 to 15 % online, 3 to 5 % in stores.
var (
	online = channelFigures{contract.ChannelOnline, false, &onlineDay, []method{
		{name: "Credit Card", share: 38, fails: 145, failures: cardFailures},
		{name: "Debit Card", share: 22, fails: 160, failures: cardFailures},
		{name: "PayPal", share: 20, fails: 125, failures: accountFailures},
		{name: "Apple Pay", share: 9, fails: 105, failures: cardFailures},
		{name: "Klarna", share: 6, fails: 170, failures: creditFailures},
		{name: "Google Pay", share: 5, fails: 110, failures: cardFailures},
	}}
	inStore = channelFigures{contract.ChannelStore, true, &storeDay, []method{
		{name: "Credit Card", share: 45, fails: 45, failures: terminalFailures},
		{name: "Debit Card", share: 30, fails: 50, failures: terminalFailures},
		{name: "Cash", share: 12, fails: 5, failures: cashFailures},
		{name: "Apple Pay", share: 8, fails: 30, failures: terminalFailures},
		{name: "Gift Card", share: 5, fails: 60, failures: giftCardFailures},
	}}
)
