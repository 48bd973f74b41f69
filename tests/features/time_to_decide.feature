Feature: A fan has 24 hours to decide
  A reservation that says nothing else holds its codes for 24 hours. These scenarios do not wait a day: they
  set the end of the reservation earlier by the hours that shall have passed.

  Scenario: A reservation lasts 24 hours
    Given a campaign with 3 codes
    When Ana reserves a code
    Then Ana's reservation ends in 24 hours

  Scenario: Codes that nobody takes come back
    Given a campaign with 3 codes
    When Ana reserves 2 codes
    And the end of Ana's reservation is set 24 hours earlier
    Then the campaign has 3 available, 0 reserved and 0 assigned codes

  Scenario: A fan who comes too late gets nothing
    Given a campaign with 3 codes
    When Ana reserves a code
    And the end of Ana's reservation is set 24 hours earlier
    And Ana's reservation is assigned to Ana
    Then the request is refused because of "reservation expired"
    And Ana has received 0 codes

  Scenario: A fan who comes in the last hour gets the code
    Given a campaign with 3 codes
    When Ana reserves a code
    And the end of Ana's reservation is set 23 hours earlier
    And Ana's reservation is assigned to Ana
    Then the request is answered with "assigned"
    And Ana has received 1 code
