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
        (reward, training) = _split(subsidy + minimum, fees);
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
        return _split(subsidy + minimum, fees);
    }

    function _today() private view returns (uint256) {
        return (block.timestamp - genesis) / 1 days;
    }

    function _split(uint256 released, uint256 fees) private view returns (uint256 reward, uint256 training) {
        return IssuanceSchedule.split(released, fees, _parameter(Parameter.TrainingShareBps));
    }
}
