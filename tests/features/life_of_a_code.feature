Feature: The life of a code
  A code is available, reserved for one fan, or assigned to one fan. A reserved code comes back when it is
  released or when its time is over. An assigned code stays with its fan.

  Scenario: A fan reserves a code and gets it
    Given a campaign with 3 codes
    When Ana reserves a code
    Then the request is answered with "reserved"
    And the campaign has 2 available, 1 reserved and 0 assigned codes
    When Ana's reservation is assigned to Ana
    Then the request is answered with "assigned"
    And Ana has received 1 code
    And the campaign has 2 available, 0 reserved and 1 assigned codes

  Scenario: A fan gets a code without a reservation
    Given a campaign with 3 codes
    When Ana is assigned a code straight from stock
    Then the request is answered with "assigned"
    And Ana has received 1 code
    And the campaign has 2 available, 0 reserved and 1 assigned codes

  Scenario: A fan's two codes are two different ones
    Given a campaign with 5 codes
    When Ana reserves 2 codes
    And Ana's reservation is assigned to Ana
    Then Ana has received 2 codes

  Scenario: Two fans never get the same code
    Given a campaign with 2 codes
    When Ana is assigned a code straight from stock
    And Ben is assigned a code straight from stock
    Then Ana has received 1 code
    And Ben has received 1 code
    And no code was given to two fans

  Scenario: A released code is available again
    Given a campaign with 3 codes
    When Ana reserves a code
    And Ana's reservation is released
    Then the request is answered with "released"
    And the campaign has 3 available, 0 reserved and 0 assigned codes

  Scenario: A released reservation is over
    Given a campaign with 3 codes
    When Ana reserves a code
    And Ana's reservation is released
    And Ana's reservation is assigned to Ana
    Then the request is refused because of "reservation released"
    And Ana has received 0 codes

  Scenario: An assigned code stays with its fan
    Given a campaign with 3 codes
    When Ana reserves a code
    And Ana's reservation is assigned to Ana
    And Ana's reservation is released
    Then the request is refused because of "reservation assigned"
    And the campaign has 2 available, 0 reserved and 1 assigned codes
