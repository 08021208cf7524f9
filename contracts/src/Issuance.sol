// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IIssuance } from "./interfaces/IIssuance.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { IssuanceSchedule } from "./libraries/IssuanceSchedule.sol";
import { Parameter } from "./types/Parameter.sol";
import { SETTLEMENT } from "./types/Role.sol";
import { Switch } from "./types/Switch.sol";

contract Issuance is IIssuance, Governed {
    uint256 private constant WHOLE_BPS = 10_000;

    IRaceCoin public immutable coin;
    address public immutable trainingFund;

    /// @inheritdoc IIssuance
    uint256 public immutable genesis;

    State private _state;

    constructor(IAuthority authority_, IParameters parameters_, IRaceCoin coin_, address trainingFund_)
        Governed(authority_, parameters_)
    {
        coin = coin_;
        trainingFund = trainingFund_;
        genesis = block.timestamp;
    }

    /// @inheritdoc IIssuance
    function release(uint256 fees)
        external
        onlyRole(SETTLEMENT)
        whenRunning(Switch.Issuance)
        returns (uint256 reward)
    {
        uint256 day = _today();
        (State memory next, uint256 subsidy, uint256 minimum) =
            IssuanceSchedule.release(_state, fees, day, _parameter(Parameter.IssuanceDailyCap));
        _state = next;
        uint256 training;
        (reward, training) = _split(subsidy + minimum);
        emit Released(day, fees, subsidy, minimum, training, reward);
        if (training > 0) coin.mint(trainingFund, training);
        if (reward > 0) coin.mint(msg.sender, reward);
    }

    /// @inheritdoc IIssuance
    function state() external view returns (State memory) {
        return _state;
    }

    /// @inheritdoc IIssuance
    function quote(uint256 fees) external view returns (uint256 reward, uint256 training) {
        (, uint256 subsidy, uint256 minimum) =
            IssuanceSchedule.release(_state, fees, _today(), _parameter(Parameter.IssuanceDailyCap));
        return _split(subsidy + minimum);
    }

    function _today() private view returns (uint256) {
        return (block.timestamp - genesis) / 1 days;
    }

    /// @dev The fund's part is rounded down, so that the two always add up.
    function _split(uint256 released) private view returns (uint256 reward, uint256 training) {
        training = released * _parameter(Parameter.TrainingShareBps) / WHOLE_BPS;
        reward = released - training;
    }
}
