Feature: When the stock runs out
  A request is served in full or refused. Nobody gets half of what was asked for, and nobody gets a code that is
  not there.

  Scenario: The last code is gone
    Given a campaign with 1 code
    When Ana reserves a code
    And Ben reserves a code
    Then the request is refused because of "out of stock"
    And the campaign has 0 available, 1 reserved and 0 assigned codes

  Scenario: Two codes are wanted and one is left
    Given a campaign with 1 code
    When Ana reserves 2 codes
    Then the request is refused because of "out of stock"
    And the campaign has 1 available, 0 reserved and 0 assigned codes

  Scenario: A released code serves the next fan
    Given a campaign with 1 code
    When Ana reserves a code
    And Ben reserves a code
    Then the request is refused because of "out of stock"
    When Ana's reservation is released
    And Ben reserves a code
    Then the request is answered with "reserved"

  Scenario: A further file serves the next fan
    Given a campaign with 1 code
    When Ana reserves a code
    And Ben reserves a code
    Then the request is refused because of "out of stock"
    When a file with these lines is imported:
      | line     |
      | code     |
      | EXTRA-1  |
    And Ben reserves a code
    Then the request is answered with "reserved"

  Scenario: A campaign that nobody has loaded
    When Ana reserves a code
    Then the request is refused because of "unknown campaign"
