Feature: One request, one answer
  A system that gets no answer in time may send its request again. The fan gets what the first one gave,
  and nothing more. Nobody takes or returns what another fan holds.

  Scenario: A reserve is sent again
    Given a campaign with 3 codes
    When Ana reserves a code
    And the same request is sent again
    Then both answers are the same
    And the campaign has 2 available, 1 reserved and 0 assigned codes

  Scenario: An assign is sent again
    Given a campaign with 3 codes
    When Ana is assigned a code straight from stock
    And the same request is sent again
    Then both answers are the same
    And Ana has received 1 code

  Scenario: A refusal stays a refusal
    Given a campaign with 1 code
    When Ana reserves a code
    And Ben reserves a code
    And Ana's reservation is released
    And Ben's request is sent again
    Then both answers are the same
    And the request is refused because of "out of stock"

  Scenario: A request changed under the same name is refused
    Given a campaign with 3 codes
    When Ana reserves a code
    And the same request is sent again, but for 2 codes
    Then the request is refused because of "request id reused"
    And the campaign has 2 available, 1 reserved and 0 assigned codes

  Scenario Outline: Another fan's reservation cannot be touched
    Given a campaign with 3 codes
    When Ana reserves a code
    And <attempt>
    Then the request is refused because of "not the holder"
    And Ben has received 0 codes
    And the campaign has 2 available, 1 reserved and 0 assigned codes

    Examples:
      | attempt                              |
      | Ana's reservation is assigned to Ben |
      | Ana's reservation is released by Ben |
