# A dead letter, as `aws sqs receive-message --message-attribute-names All` gives it, becomes what
# sends it again: {receipt, function, order}. The README has the whole command.
#
# A function's letter has the order at the end of the error. Where a function was killed, or
# never began, there is no such error: then what was asked, with the request's id as its id. The
# letter's own time is its `at` if it has none, so that from then on it is one burst; an attempt
# that was killed before may have published it under another time.
# A letter of the schedule itself, which could not reach the function, is the order.
.Messages[0]
| .MessageAttributes.TARGET_ARN.StringValue as $target
| {receipt: .ReceiptHandle} + (
    .Body | fromjson
    | if type != "object" or (has("requestContext") | not) then {function: $target, order: .}
      else {
        function: (.requestContext.functionArn | sub(":\\$LATEST$"; "")),
        order: (
          (.requestPayload // {}) as $asked
          | ((.responsePayload.errorMessage? // "") | split(". Order: ")) as $parts
          | if ($parts | length) > 1 then $parts | last | fromjson
            elif ($asked | type) != "object" or ($asked | has("scheduled_time")) then $asked
            else {id: .requestContext.requestId, at: .timestamp} + $asked
            end
        )
      }
      end
  )
